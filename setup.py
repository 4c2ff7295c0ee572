"""What pyproject.toml cannot say: a wheel carries the options of `conf`, which stand beside src."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class WithOptions(build_py):
    """Copy the options into the package; an editable install reads them where they are."""

    def run(self) -> None:
        """Copy the modules, then the options."""
        super().run()
        if not self.editable_mode:
            target = Path(self.build_lib) / "goldilocks" / "conf"
            shutil.copytree("conf", target, dirs_exist_ok=True)


setup(cmdclass={"build_py": WithOptions})
