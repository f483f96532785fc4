"""Runs JupyterLab with the settings of its own folder, without the machine's.

Jupyter also reads the files in /etc/jupyter, /usr/local/etc/jupyter and its Python's
etc/jupyter. A setting there can remove the token, replace the login, fix the cookie secret
or allow requests from other sites, and a list of such settings would never be complete. So
this program reads none of those files, except for the names of server extensions. An
installed package such as Notebook uses them to join a server.
"""
import sys
from jupyter_core import paths

everywhere = paths.jupyter_config_path()
paths.jupyter_config_path = lambda: [paths.jupyter_config_dir()]

# The modules imported from here on import the replaced function.
from jupyter_server.extension.config import ExtensionConfigManager
from jupyterlab.labapp import main

found = ExtensionConfigManager(read_config_path=everywhere).get_jpserver_extensions()
sys.argv += [f"--ServerApp.jpserver_extensions={name}={bool(on)}" for name, on in found.items()]
sys.exit(main())
