# A JupyterHub that starts the lab for each user: pip install jupyterhub dockerspawner, then
#
#	jupyterhub -f jupyterhub_config.py
#
# The notebooks and runs of each user are in a volume of their own.
c.JupyterHub.spawner_class = "dockerspawner.DockerSpawner"
c.JupyterHub.hub_ip = "0.0.0.0"
c.DockerSpawner.image = "ghcr.io/vgrad/hub:latest"
c.DockerSpawner.cmd = ["jupyterhub-singleuser"]
c.DockerSpawner.volumes = {"vgrad-{username}": "/home/vgrad"}
c.DockerSpawner.notebook_dir = "/home/vgrad/notebooks"
c.DockerSpawner.remove = True
c.DockerSpawner.extra_host_config = {
    "read_only": True,
    "tmpfs": {"/tmp": "exec,mode=1777"},
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges"],
    "mem_limit": "2g",
    "pids_limit": 512,
}
