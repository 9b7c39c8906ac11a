package app.manyhands.live

import app.manyhands.core.Health
import app.manyhands.core.HealthCause
import app.manyhands.core.HealthLevel
import app.manyhands.core.Heat
import app.manyhands.core.OnAir
import app.manyhands.media.CameraTrouble

/** What the banner can say, the worst first. */
enum class Notice {
    TOO_HOT,
    RECONNECTING,
    CAMERA_FAILED,
    CAMERA_GAVE_UP,
    CAMERA_TAKEN,
    CALL,
    HOT,
    BATTERY,
    VIEWERS_MISSING,
    UPLOAD_SLOW,
    MOBILE_DATA,
    WARM,
    BARS,
}

/** The one notice that is shown: the worst of those that hold. */
fun notice(state: LiveState): Notice? =
    if (state.phase == Phase.LIVE) Notice.entries.firstOrNull { holds(it, state) } else null

private fun holds(
    notice: Notice,
    state: LiveState,
): Boolean =
    when (notice) {
        Notice.TOO_HOT -> state.tooHot
        Notice.RECONNECTING -> state.health?.level == HealthLevel.LOST
        Notice.CAMERA_FAILED -> state.cameraTrouble == CameraTrouble.FAILED
        Notice.CAMERA_GAVE_UP -> state.cameraTrouble == CameraTrouble.GAVE_UP
        Notice.CAMERA_TAKEN -> state.cameraTrouble == CameraTrouble.TAKEN
        Notice.CALL -> state.device.inCall
        Notice.HOT -> state.device.heat == Heat.SEVERE
        Notice.WARM -> state.device.heat == Heat.MODERATE
        Notice.BATTERY -> state.batteryPassed != null
        Notice.VIEWERS_MISSING -> state.health.isBecauseOf(HealthCause.VIEWERS_MISSING)
        Notice.UPLOAD_SLOW -> state.health.isBecauseOf(HealthCause.SLOW_UPLOAD)
        Notice.MOBILE_DATA -> state.nowMobile
        Notice.BARS -> state.bars
    }

private fun Health?.isBecauseOf(cause: HealthCause) =
    this != null && this.cause == cause && (level == HealthLevel.FAIR || level == HealthLevel.POOR)

/** What viewers get, as the core is told: a camera that another app has is a pause. */
fun onAir(state: LiveState): OnAir =
    when {
        state.paused -> OnAir.NOTHING
        !state.cameraSent -> OnAir.CAMERA_OFF
        state.cameraTrouble == CameraTrouble.TAKEN -> OnAir.PICTURE_PAUSED
        else -> OnAir.EVERYTHING
    }

/** Tells once when the battery passes 20, 10 and 5 %, and again only after it was charged well above. */
class BatteryLevels {
    private var told = ALL

    /** The level that this percentage passes for the first time. */
    fun passed(percent: Int): Int? {
        val level = LEVELS.lastOrNull { percent <= it } ?: ALL
        if (level < told) {
            told = level
            return level
        }
        if (percent > told + WOBBLE) told = level
        return null
    }

    private companion object {
        val LEVELS = listOf(20, 10, 5)
        const val ALL = 100
        const val WOBBLE = 2
    }
}
