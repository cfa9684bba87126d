# The one application image: web processes, workers, one-shot jobs and the command line all run from it.
FROM python:3.13-slim-trixie AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore \
    UV_LINK_MODE=copy UV_NO_CACHE=1 UV_PYTHON_DOWNLOADS=never
WORKDIR /build
COPY requirements/uv.txt requirements/
RUN python -m venv uv && uv/bin/pip install -q --require-hashes --only-binary :all: -r requirements/uv.txt
COPY requirements/runtime.txt requirements/
RUN python -m venv --without-pip /opt/luotsi/venv \
 && uv/bin/uv pip sync -q --python /opt/luotsi/venv/bin/python --require-hashes --no-build --compile-bytecode requirements/runtime.txt
# pg_dump, pg_restore and psql of the version of `postgres` in the compose file, which speak TLS. Unpacked and not installed:
# the package would bring Perl, to choose between versions.
RUN apt-get -qq update && apt-get -qq download postgresql-client-17 && dpkg -x postgresql-client-17_*.deb client \
 && install -D -t /opt/luotsi/postgres/bin client/usr/lib/postgresql/17/bin/pg_dump \
       client/usr/lib/postgresql/17/bin/pg_restore client/usr/lib/postgresql/17/bin/psql
COPY shared /opt/luotsi/app/shared
COPY services /opt/luotsi/app/services
COPY luotsi /opt/luotsi/app/luotsi
# It says the version.
COPY pyproject.toml /opt/luotsi/app/
# Hash-checked bytecode never looks at timestamps, so it holds on a read-only file system and in every layer.
RUN python -m compileall -q --invalidation-mode unchecked-hash /opt/luotsi/app

FROM python:3.13-slim-trixie
# As pyproject.toml has it, which a label cannot read.
ARG VERSION=0.2.0.dev0
LABEL org.opencontainers.image.title="Luotsi" \
      org.opencontainers.image.description="Referral platform for the newcomer-services ecosystem of Kuopio" \
      org.opencontainers.image.licenses="EUPL-1.2" \
      org.opencontainers.image.version="${VERSION}"
RUN apt-get -qq update && apt-get -qq install --yes --no-install-recommends libpq5 && rm -rf /var/lib/apt/lists/*
# A number, not only a name, so that an orchestrator can see that it is not root. Mail and run folders are
# made here because a named volume takes over the owner of the folder it is mounted on.
RUN groupadd --gid 10001 luotsi \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin luotsi \
 && install -d -o luotsi -g luotsi -m 0700 /var/lib/luotsi/mail /var/lib/luotsi/backups /run/luotsi
COPY LICENCE /usr/share/doc/luotsi/LICENCE
COPY --chmod=0755 deploy/image/entrypoint deploy/image/luotsi deploy/image/web-healthy deploy/image/worker-healthy /usr/local/bin/
COPY --from=build /opt/luotsi /opt/luotsi
ENV PATH=/opt/luotsi/venv/bin:/opt/luotsi/postgres/bin:$PATH PYTHONPATH=/opt/luotsi/app \
    PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PYTHONFAULTHANDLER=1 \
    HOST=0.0.0.0 PORT=8000 METRICS_PORT=9000 HEARTBEAT_FILE=/run/luotsi/heartbeat MAIL_DIR=/var/lib/luotsi/mail
WORKDIR /opt/luotsi/app
USER 10001:10001
EXPOSE 8000
ENTRYPOINT ["entrypoint"]
CMD ["luotsi", "--help"]
