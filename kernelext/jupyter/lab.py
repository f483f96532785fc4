"""Runs JupyterLab with the settings of its own folder and none of the machine's.

Jupyter adds the files in /etc/jupyter, /usr/local/etc/jupyter and its Python's etc/jupyter
to whatever it is told. Each of them can take the token away, name another way to log in,
know the secret of the cookies or let other sites ask; no list of such settings is ever
complete. So none of those files is read. The names of server extensions alone are taken
from them: that is how an installed package, as Notebook, joins a server.
"""
import sys
from jupyter_core import paths

everywhere = paths.jupyter_config_path()
paths.jupyter_config_path = lambda: [paths.jupyter_config_dir()]

# What is imported from here on takes the function above by its name.
from jupyter_server.extension.config import ExtensionConfigManager
from jupyterlab.labapp import main

found = ExtensionConfigManager(read_config_path=everywhere).get_jpserver_extensions()
sys.argv += [f"--ServerApp.jpserver_extensions={name}={bool(on)}" for name, on in found.items()]
sys.exit(main())
