import pytest

from pvdbench.core.device import compute_device
from pvdbench.core.errors import ParamsError


@pytest.mark.parametrize("threads", [0, -1, 5000, int(1e20)])
def test_a_number_of_threads_that_no_machine_has_is_refused(threads):
    with pytest.raises(ParamsError, match=rf"threads: {threads} is not from 1 to 4096; correct it"):
        compute_device(threads)
