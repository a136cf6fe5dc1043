. /home/sdk/.bashrc
