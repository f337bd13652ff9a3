#!/usr/bin/env bash
# The environment of a class: the book with its tested versions, JupyterHub, and nbgitpuller, which hands notebooks out.
# Usage: bash book/hub/install.sh FOLDER      (from the folder of the book; needs Python 3.11 or later, Node.js and npm)
set -euo pipefail
target=${1:?name the folder of the environment, such as /opt/llmbook}
cd "$(dirname "$0")/../.."

"${PYTHON:-python3}" -m venv "$target"
# On Linux the small CPU build of PyTorch, for which no student's server needs a GPU.
export PIP_EXTRA_INDEX_URL="${PIP_EXTRA_INDEX_URL:-https://download.pytorch.org/whl/cpu}"
"$target/bin/python" -m pip install --quiet -r requirements.txt -c constraints.txt .
"$target/bin/python" -m pip install --quiet -c constraints.txt "jupyterhub>=5,<7" "nbgitpuller>=1.2,<2"
npm install --silent --prefix "$target" configurable-http-proxy@5   # in front of the servers of all students
echo "start it with: $target/bin/jupyterhub -f $(pwd)/book/hub/jupyterhub_config.py"
