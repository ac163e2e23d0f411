"""python -m pvdbench: the command, as torchrun starts it."""

from pvdbench.cli.main import main

if __name__ == "__main__":
    main()
