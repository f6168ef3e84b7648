#!/bin/sh
# Akinon Commerce Cloud runs this once, while it builds the container (akinon.json).
set -eu
cd "$(dirname "$0")"

python -m pip install --no-cache-dir --require-hashes -r requirements.txt
# No database and no keys are there while building; DEBUG does without them, for this one command.
DEBUG=on python manage.py collectstatic --noinput --verbosity 0
