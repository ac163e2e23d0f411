"""OpenCV as scores need it: the same bytes on every x86 processor."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def plain_opencv() -> Iterator[None]:
    """Let OpenCV use one thread, and none of the kernels that it chooses by the processor.

    Those fuse multiplying and adding, which rounds otherwise; they make neither filters nor Farneback's flow faster.
    The settings are those of the whole process, so only one thread of it may score at a time.
    """
    import cv2

    threads, optimized = cv2.getNumThreads(), cv2.useOptimized()
    cv2.setNumThreads(1)
    cv2.setUseOptimized(False)
    try:
        yield
    finally:
        cv2.setUseOptimized(optimized)
        cv2.setNumThreads(threads)
