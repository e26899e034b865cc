// Checks mails with tools that Python has no match for. Standard input is one JSON object:
//
//   {"mails": {name: html}, "sources": {name: mjml}, "clients": [...], "rules": {...}}
//
// `clients` are globs of mail programs as caniemail names them, `rules` are html-validate's.
// Standard output is one JSON object of what was found, each by name:
//
//   {"html": {name: [{rule, message, line}]}, "support": {name: [{title, level, clients}]},
//    "mjml": {name: {errors: [...], html}}}

import { caniemail } from "caniemail";
import { HtmlValidate } from "html-validate";
import mjml2html from "mjml";
import { text } from "node:stream/consumers";

const asked = JSON.parse(await text(process.stdin));
const found = { html: {}, support: {}, mjml: {} };
const validator = new HtmlValidate({
  root: true,
  extends: ["html-validate:recommended"],
  rules: asked.rules,
});

for (const [name, html] of Object.entries(asked.mails)) {
  const report = await validator.validateString(html);
  found.html[name] = report.results.flatMap((result) =>
    result.messages.map(({ ruleId, message, line }) => ({ rule: ruleId, message, line })),
  );
  const { issues } = caniemail({ clients: asked.clients, html });
  const lacking = new Map();
  for (const level of ["errors", "warnings"]) {
    for (const [client, its] of issues[level]) {
      for (const { title } of its) {
        const key = `${level} ${title}`;
        const entry = lacking.get(key) ?? { title, level: level.slice(0, -1), clients: new Set() };
        entry.clients.add(client);
        lacking.set(key, entry);
      }
    }
  }
  found.support[name] = [...lacking.values()].map((entry) => ({
    ...entry,
    clients: [...entry.clients].sort(),
  }));
}

for (const [name, source] of Object.entries(asked.sources)) {
  try {
    const { html, errors } = mjml2html(source, { validationLevel: "soft", fonts: {} });
    found.mjml[name] = { html, errors: errors.map((error) => error.formattedMessage) };
  } catch (error) {
    found.mjml[name] = { html: "", errors: [String(error)] };
  }
}

process.stdout.write(JSON.stringify(found));
