// Proves some work for the forms that send mail, so that nobody signs up others by the million.
//
// It begins when a visitor first touches a form, in a worker beside the page, and is mostly done
// before they have typed their address. A form that is sent off earlier waits for it. Where
// anything goes wrong, the form goes out without a proof: the server then counts more strictly.
"use strict";
{
  const ENOUGH_SECONDS = 60;

  function solve(input) {
    return new Promise((resolve, reject) => {
      const worker = new Worker(input.dataset.worker);
      const give_up = (why) => {
        worker.terminate();
        reject(why);
      };
      setTimeout(() => give_up(new Error("it takes too long")), ENOUGH_SECONDS * 1000);
      worker.onerror = give_up;
      worker.onmessage = (message) => {
        worker.terminate();
        if (message.data) resolve(message.data);
        else reject(new Error("this browser cannot"));
      };
      fetch(input.dataset.challenge)
        .then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error(answer.status))))
        .then((challenge) => worker.postMessage(challenge))
        .catch(give_up);
    });
  }

  for (const input of document.querySelectorAll('input[name="proof"]:not([data-ready])')) {
    input.dataset.ready = "yes"; // a page with two forms loads this twice
    const form = input.form;
    const waits = form.querySelector("[data-proof-waits]");
    let under_way = null;
    let good_until = 0;

    const begin = () => {
      if (under_way === null || (input.value && Date.now() > good_until)) {
        input.value = "";
        under_way = solve(input).then(
          ({ proof, expires }) => {
            input.value = proof;
            good_until = (expires - 30) * 1000;
          },
          () => {}, // without a proof, then
        );
      }
      return under_way;
    };

    form.addEventListener("focusin", begin, { once: true });
    form.addEventListener("submit", (event) => {
      if (input.value && Date.now() < good_until) return;
      if (form.dataset.tried) return;
      event.preventDefault();
      waits.hidden = false;
      const button = event.submitter;
      begin().finally(() => {
        waits.hidden = true;
        form.dataset.tried = "yes";
        setTimeout(() => form.requestSubmit(button)); // not before this event is over
      });
    });
    // A page that comes back from the browser's memory has used its proof.
    addEventListener("pageshow", (event) => {
      if (event.persisted) {
        input.value = "";
        under_way = null;
        delete form.dataset.tried;
      }
    });
  }
}
