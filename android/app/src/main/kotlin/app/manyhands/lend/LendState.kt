package app.manyhands.lend

import app.manyhands.core.Figures
import app.manyhands.core.GivenSoFar
import app.manyhands.core.LendingLimits
import app.manyhands.core.LendingOn
import app.manyhands.core.LendingReason

/** What the row and the sheet about lending show. */
data class LendState(
    val limits: LendingLimits = NOTHING_ALLOWED,
    /** Nothing until the core has said it. */
    val reason: LendingReason? = null,
    /** Others that get something from here now. */
    val helping: Long = 0,
    val today: Long? = null,
    val month: Long? = null,
    val mobileToday: Long? = null,
    val mobileMonth: Long? = null,
) {
    /** The switch in the row: on as soon as anything may be given. */
    val on: Boolean get() = limits.agreed && (limits.unmetered.on || limits.metered.on)

    /** The same with what the core has counted and decided. */
    fun with(figures: Figures) =
        copy(
            reason = figures.lending,
            helping = figures.helping.toLong(),
            today = figures.givenToday?.toLong(),
            month = figures.givenMonth?.toLong(),
            mobileToday = figures.meteredToday?.toLong(),
            mobileMonth = figures.meteredMonth?.toLong(),
        )

    /** The same with what the ledger says while nothing is watched. */
    fun with(given: GivenSoFar) =
        copy(
            today = given.today?.toLong(),
            month = given.month?.toLong(),
            mobileToday = given.meteredToday?.toLong(),
            mobileMonth = given.meteredMonth?.toLong(),
        )

    companion object {
        private val NOTHING = LendingOn(false, null, null)
        private val NOTHING_ALLOWED = LendingLimits(false, NOTHING, NOTHING, null)
    }
}

/** The row's one switch. Switched on, Wi-Fi is on; mobile data is only ever switched on by hand. */
fun LendingLimits.switched(on: Boolean): LendingLimits =
    copy(
        agreed = agreed || on,
        unmetered = unmetered.copy(on = on),
        metered = metered.copy(on = on && metered.on),
    )
