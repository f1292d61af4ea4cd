"""What `bookbag bench` measures: the program's speed on this machine, beside a peer or a limit of the same machine in the same run."""
