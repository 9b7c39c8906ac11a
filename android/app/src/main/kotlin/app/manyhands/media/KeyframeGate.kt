package app.manyhands.media

/** What a decoder may get: nothing after an error until a keyframe, nothing at all after three in a row. */
class KeyframeGate {
    private var open = false
    private var failures = 0

    /** It has failed three times without showing a picture. */
    val gaveUp: Boolean get() = failures >= MOST

    /** Waits for a keyframe. */
    fun close() {
        open = false
    }

    /** Whether this unit may go in. */
    fun lets(keyframe: Boolean): Boolean {
        if (gaveUp) return false
        open = open || keyframe
        return open
    }

    /** Notes an error; false when it was one too many. */
    fun failed(): Boolean {
        close()
        failures += 1
        return !gaveUp
    }

    /** Notes a picture that came out; true when that ends a trouble. */
    fun worked(): Boolean = (failures > 0).also { failures = 0 }

    private companion object {
        const val MOST = 3
    }
}
