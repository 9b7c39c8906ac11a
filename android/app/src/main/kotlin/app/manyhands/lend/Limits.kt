package app.manyhands.lend

import app.manyhands.core.LendingLimits

private const val MB = 1_000_000UL
private const val GB = 1_000_000_000UL

/** Bytes a day that may be given on mobile data when nothing else is said. */
const val MOBILE_PRESET: ULong = 200_000_000UL

/** Daily limits on Wi-Fi, in the order in which they come up; the first is none. */
private val WIFI_LIMITS = listOf(null, 1UL * GB, 2UL * GB, 5UL * GB)
private val MOBILE_LIMITS = listOf(MOBILE_PRESET, 500UL * MB, 1UL * GB)

fun LendingLimits.switchWifi(on: Boolean): LendingLimits = copy(unmetered = unmetered.copy(on = on))

/** Mobile data is never on without a daily limit. */
fun LendingLimits.switchMobile(on: Boolean): LendingLimits =
    copy(metered = metered.copy(on = on, dayBytes = metered.dayBytes ?: MOBILE_PRESET))

/** The next daily limit on Wi-Fi; after the last comes the first. */
fun LendingLimits.nextLimit(): LendingLimits =
    copy(unmetered = unmetered.copy(dayBytes = WIFI_LIMITS.after(unmetered.dayBytes)))

/** The next daily limit on mobile data. */
fun LendingLimits.nextMobileLimit(): LendingLimits =
    copy(metered = metered.copy(dayBytes = MOBILE_LIMITS.after(metered.dayBytes ?: MOBILE_PRESET)))

private fun <T> List<T>.after(now: T): T = this[(indexOf(now) + 1) % size]
