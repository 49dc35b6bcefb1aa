"""The web page: the files of `static/`, and how they are served."""
