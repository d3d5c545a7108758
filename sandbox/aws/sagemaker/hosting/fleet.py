"""A fleet: the variants that serve one endpoint configuration."""

import contextvars
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from sandbox.aws import clock
from sandbox.aws.sagemaker.hosting import models
from sandbox.aws.sagemaker.hosting.data_capture import Capture
from sandbox.aws.sagemaker.hosting.variant import Variant
from sandbox.aws.service import Members

REPORTED_EVERY_SECONDS = 60
"""Interval at which captured requests and logs leave the instance. AWS says minutes, and promises nothing."""


@dataclass(eq=False, kw_only=True)
class Fleet:
    """The variants of one endpoint configuration, and the capture of their requests."""

    endpoint: str
    configuration_name: str
    production: list[Variant]
    shadow: list[Variant]
    capture: Capture
    _stopped: threading.Event = field(default_factory=threading.Event)

    @classmethod
    def of(cls, endpoint: str, configuration: Members) -> "Fleet":
        """Return the fleet of a configuration, not yet started.

        Raises:
            ServiceError: a model of the configuration has been deleted.
        """
        production, shadow = (
            [
                Variant(
                    settings=settings,
                    model=models.found(settings["ModelName"]),
                    weight=settings["InitialVariantWeight"],
                    instances=settings["InitialInstanceCount"],
                )
                for settings in configuration.get(kind, [])
            ]
            for kind in ("ProductionVariants", "ShadowProductionVariants")
        )
        return cls(
            endpoint=endpoint,
            configuration_name=configuration["EndpointConfigName"],
            production=production,
            shadow=shadow,
            capture=Capture(endpoint=endpoint, settings=configuration.get("DataCaptureConfig")),
        )

    def variants(self) -> Iterator[Variant]:
        """Yield all variants, shadows too."""
        yield from self.production
        yield from self.shadow

    def start(self) -> None:
        """Start every variant.

        Raises:
            HostingError: one cannot serve; those that could are stopped.
        """
        try:
            for variant in self.variants():
                variant.start(self.endpoint)
        except BaseException:
            self.stop()
            raise
        context = contextvars.copy_context()
        threading.Thread(
            target=context.run, args=(self._report_regularly,), name=f"reports of {self.endpoint}", daemon=True
        ).start()

    def stop(self) -> None:
        """End every process; captured requests and logs stay."""
        self._stopped.set()
        for variant in self.variants():
            variant.stop()
        self._report()
        for variant in self.variants():
            variant.remove()

    def _report_regularly(self) -> None:
        while not self._stopped.wait(clock.seconds(REPORTED_EVERY_SECONDS)):
            self._report()
            for variant in self.variants():
                variant.keep_alive()

    def _report(self) -> None:
        self.capture.write()
        for variant in self.variants():
            variant.show_log(self.endpoint)
