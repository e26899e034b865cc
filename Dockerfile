# One image for all parts: the web server by default; worker, beat and migrations by command, see
# compose.yaml. Settings come from the environment alone, see README.md.

FROM python:3.13-slim AS build
WORKDIR /app
RUN python -m venv /venv
COPY requirements.txt ./
RUN /venv/bin/python -m pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.txt
COPY manage.py ./
COPY papers ./papers
COPY subscriptions ./subscriptions
COPY newsletter ./newsletter
COPY templates ./templates
RUN /venv/bin/python -m compileall -q papers subscriptions newsletter
RUN SECRET_KEY=only-for-collectstatic-and-for-nothing-else-at-all VAR_DIR=/tmp /venv/bin/python manage.py collectstatic --no-input

FROM python:3.13-slim
# For manage.py back_up and restore: as new as the server, or newer.
RUN apt-get update && apt-get install --yes --no-install-recommends postgresql-client && rm -rf /var/lib/apt/lists/*
RUN useradd --system --create-home --home-dir /var/lib/broadsheet broadsheet
COPY --from=build /venv /venv
COPY --from=build /app /app
WORKDIR /app
ENV PATH=/venv/bin:$PATH
ENV PYTHONUNBUFFERED=1
ENV VAR_DIR=/var/lib/broadsheet
USER broadsheet
# The workers' journals and beat's schedule. Journals must outlive a worker: mount a disk here.
VOLUME /var/lib/broadsheet
EXPOSE 8000
# Asks without a Host of ours: the address is this container's own.
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health/live', timeout=4)"]
# Processes: WEB_CONCURRENCY; anything else: GUNICORN_CMD_ARGS. The rest is in newsletter/web.py.
# There is no access log unless one is asked for (--access-logfile -). The addresses of readers' links
# are secrets, so our logger leaves the tokens out of it; a log of the proxy in front should do without
# paths.
CMD ["gunicorn", "--config", "python:newsletter.web", "--bind", "0.0.0.0:8000", "newsletter.wsgi"]
