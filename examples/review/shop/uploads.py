"""Files that customers upload."""
import os

FOLDER = "/var/uploads"


def read(request):
    with open(os.path.join(FOLDER, request.args["file"]), "rb") as file:
        return file.read()
