package app.manyhands.live

import android.content.res.Resources
import app.manyhands.R
import app.manyhands.core.Health
import app.manyhands.core.HealthCause
import app.manyhands.core.HealthLevel
import app.manyhands.look.Words
import app.manyhands.media.Quality

/** A word, its icon and its colour over a picture. */
data class Mark(
    val word: Int,
    val icon: Int,
    val color: Int,
)

/** The health's word, icon and colour. */
fun mark(level: HealthLevel): Mark =
    when (level) {
        HealthLevel.READY -> Mark(R.string.ready, R.drawable.ic_ring, R.color.on_scrim)
        HealthLevel.GOOD -> Mark(R.string.good, R.drawable.ic_tick, R.color.on_scrim_good)
        HealthLevel.FAIR -> Mark(R.string.fair, R.drawable.ic_triangle, R.color.on_scrim_fair)
        HealthLevel.POOR -> Mark(R.string.poor, R.drawable.ic_octagon, R.color.on_scrim_poor)
        HealthLevel.LOST -> Mark(R.string.lost, R.drawable.ic_circle_struck, R.color.on_scrim_poor)
    }

/** The word of what decides the health. */
fun word(cause: HealthCause): Int =
    when (cause) {
        HealthCause.SLOW_UPLOAD -> R.string.cause_upload
        HealthCause.LOSS -> R.string.cause_loss
        HealthCause.VIEWERS_MISSING -> R.string.cause_viewers
        HealthCause.HEAT -> R.string.cause_heat
        HealthCause.NO_ANSWER, HealthCause.NO_NETWORK -> R.string.cause_network
    }

/** "Fair, slow upload", as it is spoken. */
fun Resources.spoken(health: Health): String {
    val word = getString(mark(health.level).word)
    return health.cause?.let { getString(R.string.listed, word, getString(word(it)).lowercase()) } ?: word
}

/** A notice's title and sentence. */
data class Said(
    val title: String,
    val text: String,
)

/** The notice's words, with its numbers. */
@Suppress("CyclomaticComplexMethod") // A table.
fun Resources.said(
    notice: Notice,
    state: LiveState,
    words: Words,
): Said =
    when (notice) {
        Notice.TOO_HOT -> {
            both(R.string.heat_critical, R.string.heat_critical_text)
        }

        Notice.RECONNECTING -> {
            both(R.string.reconnecting, R.string.reconnecting_text)
        }

        Notice.CAMERA_FAILED -> {
            both(R.string.camera_failed, R.string.camera_failed_text)
        }

        Notice.CAMERA_GAVE_UP -> {
            both(R.string.camera_failed, R.string.camera_gave_up_text)
        }

        Notice.CAMERA_TAKEN -> {
            both(R.string.camera_taken, R.string.camera_taken_text)
        }

        Notice.CALL -> {
            both(R.string.call, R.string.call_text)
        }

        Notice.HOT -> {
            both(R.string.heat_severe, R.string.heat_severe_text)
        }

        Notice.WARM -> {
            both(R.string.heat_moderate, R.string.heat_moderate_text)
        }

        Notice.BATTERY -> {
            Said(getString(R.string.battery, state.batteryPassed ?: 0), getString(R.string.battery_text))
        }

        Notice.VIEWERS_MISSING -> {
            both(R.string.viewers_missing, R.string.viewers_missing_text)
        }

        Notice.UPLOAD_SLOW -> {
            both(R.string.upload_slow, R.string.upload_slow_text)
        }

        Notice.MOBILE_DATA -> {
            Said(
                getString(R.string.mobile_data),
                getString(R.string.mobile_data_text, cost(words)),
            )
        }

        Notice.BARS -> {
            Said(getString(R.string.bars_hint), "")
        }
    }

private fun Resources.both(
    title: Int,
    text: Int,
) = Said(getString(title), getString(text))

/** What an hour costs. */
fun cost(words: Words): String = words.size(Quality.bytesAnHour())

/** Preview's line about it. */
fun Resources.costLine(
    state: LiveState,
    words: Words,
): String {
    val line = if (state.device.network.metered == true) R.string.cost_an_hour_mobile else R.string.cost_an_hour
    return getString(line, cost(words))
}

/** "412 MB sent, 32 MB a min". */
fun Resources.sentLine(
    state: LiveState,
    words: Words,
): String = getString(R.string.sent_with_rate, words.size(state.sentBytes), words.size(state.bytesAMinute))

/** "98 % of the time Good", and the main cause when that is under 90 %. */
fun Resources.goodLine(state: LiveState): String? {
    val percent = state.goodPercent ?: return null
    val line = getString(R.string.good_part, percent)
    val cause = state.mainCause?.takeIf { percent < MOSTLY } ?: return line
    return getString(R.string.listed, line, getString(word(cause)).lowercase())
}

private const val MOSTLY = 90
