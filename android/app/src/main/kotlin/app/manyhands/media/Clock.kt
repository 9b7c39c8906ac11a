package app.manyhands.media

/**
 * One clock for picture and sound, microseconds since boot without sleep (CLOCK_MONOTONIC). Cameras
 * stamp on that clock or on the one that counts sleep too, and some devices say the wrong one; the
 * clock that a stamp is near to decides.
 */
object Clock {
    private const val NS_PER_US = 1_000L
    private const val NEAR_NS = 1_000_000_000L

    /** A camera's stamp on the shared clock; [monotonicNs] and [bootNs] are what the clocks show now. */
    fun ofCamera(
        stampNs: Long,
        monotonicNs: Long,
        bootNs: Long,
    ): Long {
        val isBoot = bootNs - monotonicNs > NEAR_NS && stampNs - monotonicNs > NEAR_NS
        return (if (isBoot) stampNs - (bootNs - monotonicNs) else stampNs) / NS_PER_US
    }
}
