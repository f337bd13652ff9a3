"""Settings of a JupyterHub for one class on one machine: `jupyterhub -f book/hub/jupyterhub_config.py`.

Change what is marked before anybody but you can reach the machine.
"""

import os
import sys
from pathlib import Path

c = get_config()  # noqa: F821  (JupyterHub defines it)

ENVIRONMENT = Path(sys.executable).parent
"""Where book/hub/install.sh has put everything."""

# CHANGE: who may log in. As it stands, every account of this machine may, with its password. See "Authenticators" in
# JupyterHub's documentation for a school's own login.
c.JupyterHub.authenticator_class = "pam"
c.Authenticator.allow_all = True
# CHANGE: c.Authenticator.admin_users = {"your-account"}

# CHANGE: bind to the network only behind HTTPS: c.JupyterHub.ssl_key and ssl_cert, or a web server in front of it.
c.JupyterHub.bind_url = os.environ.get("LLMBOOK_HUB_URL", "http://127.0.0.1:8000")
c.ConfigurableHTTPProxy.command = [str(ENVIRONMENT.parent / "node_modules" / ".bin" / "configurable-http-proxy")]

c.Spawner.cmd = [str(ENVIRONMENT / "jupyterhub-singleuser")]
c.Spawner.default_url = "/lab"
c.Spawner.environment = {"OMP_NUM_THREADS": "2"}  # a class shares the cores
c.Spawner.mem_limit = "2G"  # holds in containers and under systemd; plain accounts are not held to it
c.JupyterHub.active_server_limit = 30
