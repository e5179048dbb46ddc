"""Brody effect: how the well-conducting blood of the LV bends the lead field of the heart.

The blood is a prolate spheroid of another conductivity in a locally uniform reciprocal field; its exact field outside
is the classical ellipsoid solution in confocal coordinates (Stratton 1941, section 3.27; effect: Brody 1956,
doi 10.1161/01.RES.4.6.731).
"""

from dataclasses import dataclass

import numpy as np

from elvmass_core.domain import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BloodSpheroid:
    """Blood with semi-axes ``short_cm`` (twice) and ``long_cm`` along the last column of ``rotation`` (3, 3).

    ``conductivity_ratio`` is blood over surrounding tissue.
    """

    centre_cm: FloatArray
    rotation: FloatArray
    short_cm: float
    long_cm: float
    conductivity_ratio: float

    def perturbation(self, points_cm: FloatArray) -> FloatArray:
        """Field added by the blood for a unit field along each local axis.

        Parameters
        ----------
        points_cm : array (n_points, 3)
            Points on or outside the spheroid.

        Returns
        -------
        array (3, n_points, 3)
            Added field in local axes: first index the axis of the applied field, last the component.
        """
        local = (points_cm - self.centre_cm) @ self.rotation
        short2, long2 = self.short_cm**2, self.long_cm**2
        shell = _confocal_shell(local, short2, long2)
        semi2 = np.stack([short2 + shell, short2 + shell, long2 + shell], axis=1)
        gradient = 2.0 * local / semi2
        gradient /= ((local / semi2) ** 2).sum(axis=1)[:, None]
        integrals = _depolarising_integrals(shell, short2, long2)
        at_surface = _depolarising_integrals(np.zeros(1), short2, long2)[:, 0]
        half_volume = 0.5 * short2 * self.long_cm
        excess = self.conductivity_ratio - 1.0
        strength = excess * half_volume / (1.0 + excess * half_volume * at_surface)
        slope = -1.0 / (semi2 * ((short2 + shell) * np.sqrt(long2 + shell))[:, None])
        added = np.empty((3, len(local), 3))
        for axis in range(3):
            added[axis] = (local[:, axis] * slope[:, axis])[:, None] * gradient
            added[axis, :, axis] += integrals[axis]
            added[axis] *= -strength[axis]
        return added

    def flux_correction(self, field_at_centre: FloatArray, points_cm: FloatArray, areas_cm2: FloatArray) -> FloatArray:
        """Added field times area vector, for several applied fields.

        Parameters
        ----------
        field_at_centre : array (n_fields, 3)
        points_cm, areas_cm2 : arrays (n_points, 3)

        Returns
        -------
        array (n_fields, n_points)
        """
        local_areas = areas_cm2 @ self.rotation
        flux = np.einsum("jni,ni->jn", self.perturbation(points_cm), local_areas)
        return (field_at_centre @ self.rotation) @ flux


def _confocal_shell(local: FloatArray, short2: float, long2: float) -> FloatArray:
    """Confocal coordinate ξ ≥ 0 of each point: ρ²/(a²+ξ) + z²/(c²+ξ) = 1."""
    rho2, z2 = local[:, 0] ** 2 + local[:, 1] ** 2, local[:, 2] ** 2
    linear = rho2 + z2 - short2 - long2
    constant = short2 * long2 - rho2 * long2 - z2 * short2
    return np.maximum(0.5 * (linear + np.sqrt(np.maximum(linear**2 - 4.0 * constant, 0.0))), 0.0)


def _depolarising_integrals(shell: FloatArray, short2: float, long2: float) -> FloatArray:
    """∫_ξ^∞ ds / ((s + a_j²)(s + a²)√(s + c²)) for the three axes, shape (3, n)."""
    eccentric2 = long2 - short2
    eccentric = np.sqrt(eccentric2)
    root = np.sqrt(shell + long2)
    logarithm = np.log((root + eccentric) / (root - eccentric))
    along = logarithm / (eccentric2 * eccentric) - 2.0 / (eccentric2 * root)
    across = root / (eccentric2 * (shell + short2)) - logarithm / (2.0 * eccentric2 * eccentric)
    return np.stack([across, across, along])
