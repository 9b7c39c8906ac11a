package app.manyhands.lend

import android.content.res.Resources
import app.manyhands.R
import app.manyhands.core.LendingReason
import app.manyhands.look.Words

/** The words for a reason. */
fun words(reason: LendingReason): Int =
    when (reason) {
        LendingReason.IDLE -> R.string.lends_while_watching
        LendingReason.NOT_YET -> R.string.not_agreed
        LendingReason.OFF -> R.string.off_by_you
        LendingReason.LIVE -> R.string.paused_live
        LendingReason.CALL -> R.string.paused_call
        LendingReason.ROAMING -> R.string.paused_roaming
        LendingReason.DATA_SAVER -> R.string.paused_data_saver
        LendingReason.MOBILE -> R.string.paused_mobile
        LendingReason.DAILY_LIMIT -> R.string.paused_limit
        LendingReason.MONTHLY_LIMIT -> R.string.paused_month
        LendingReason.HOT -> R.string.paused_hot
        LendingReason.BATTERY_SAVER -> R.string.paused_battery_saver
        LendingReason.BATTERY_LOW -> R.string.paused_battery
        LendingReason.HALF_WARM -> R.string.half_warm
        LendingReason.HALF_BATTERY -> R.string.half_battery
        LendingReason.LENDING -> R.string.lending
        LendingReason.READY -> R.string.lending_idle
    }

/** What is said now: the core's reason, or what is known without one. */
fun Resources.reason(
    state: LendState,
    words: Words,
): String {
    if (state.reason == LendingReason.LENDING && state.helping > 0) {
        val people = words.quantity(state.helping)
        return getQuantityString(R.plurals.lending_to, people, words.count(state.helping))
    }
    return getString(
        when {
            state.reason != null -> words(state.reason)
            !state.limits.agreed -> R.string.not_agreed
            !state.on -> R.string.off_by_you
            else -> R.string.lends_while_watching
        },
    )
}

/** "48 MB, 3 MB of it on mobile data"; nothing while it is not known. */
fun Resources.amount(
    all: Long?,
    mobile: Long?,
    words: Words,
): String? {
    val known = all?.let(words::size) ?: return null
    val part = mobile?.takeIf { it > 0 }?.let(words::size) ?: return known
    return getString(R.string.of_that_mobile, known, part)
}
