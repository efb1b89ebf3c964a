class Stages:
    def __enter__(self):
        import time

        self.s = time.perf_counter()
        self.seconds = {}
        return self

    def __exit__(self, *a):
        import time

        self.total_seconds = time.perf_counter() - self.s
