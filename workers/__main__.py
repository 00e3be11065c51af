"""`python -m workers`."""

from app.loading import uncollected
from workers.health.allocator import keep_freed_memory, share_cores

if __name__ == "__main__":
    keep_freed_memory()
    share_cores()
    # polars reads both when it is loaded
    with uncollected():
        from workers.process import main

    main()
