package app.manyhands.keep

import android.content.Context
import app.manyhands.core.LendingLimits
import app.manyhands.core.LendingOn
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import java.io.File

/** What the person has chosen. */
class Settings(
    private val context: Context,
) {
    private val kept = context.getSharedPreferences("settings", Context.MODE_PRIVATE)
    private val pauses = MutableStateFlow(kept.getBoolean(PAUSES, false))

    /** The house rules were accepted. */
    var agreed: Boolean
        get() = kept.getBoolean(AGREED, false)
        set(agreed) = kept.edit().putBoolean(AGREED, agreed).apply()

    /** Whether the system was asked for the camera before: only then is a refusal one for ever. */
    var askedForCamera: Boolean
        get() = kept.getBoolean(ASKED, false)
        set(asked) = kept.edit().putBoolean(ASKED, asked).apply()

    /** What may be given. Wi-Fi is on and mobile data off until somebody changes it. */
    var lending: LendingLimits
        get() =
            LendingLimits(
                agreed = kept.getBoolean(LEND_AGREED, false),
                unmetered = LendingOn(kept.getBoolean(LEND_WIFI, true), day(LEND_WIFI_DAY), null),
                metered = LendingOn(kept.getBoolean(LEND_MOBILE, false), day(LEND_MOBILE_DAY), null),
                rateBps = null,
            )
        set(limits) =
            kept
                .edit()
                .putBoolean(LEND_AGREED, limits.agreed)
                .putBoolean(LEND_WIFI, limits.unmetered.on)
                .putBoolean(LEND_MOBILE, limits.metered.on)
                .putLong(LEND_WIFI_DAY, limits.unmetered.dayBytes?.toLong() ?: 0)
                .putLong(LEND_MOBILE_DAY, limits.metered.dayBytes?.toLong() ?: 0)
                .apply()

    /** Picture and sound pause when the app is left while live; else both go on. */
    val pausesWhenLeft: StateFlow<Boolean> = pauses.asStateFlow()

    /** The person chooses it, and a broadcast that is running follows at once. */
    fun pauseWhenLeft(pause: Boolean) {
        kept.edit().putBoolean(PAUSES, pause).apply()
        pauses.value = pause
    }

    /** Where the core keeps what was given. */
    val ledger: String get() = File(context.filesDir, "ledger").path

    /** All choices are as on the first day. */
    fun erase() {
        kept.edit().clear().commit()
        pauses.value = false
    }

    private fun day(name: String): ULong? = kept.getLong(name, 0).takeIf { it > 0 }?.toULong()

    private companion object {
        const val AGREED = "agreed"
        const val ASKED = "asked_for_camera"
        const val PAUSES = "pauses_when_left"
        const val LEND_AGREED = "lend_agreed"
        const val LEND_WIFI = "lend_wifi"
        const val LEND_MOBILE = "lend_mobile"
        const val LEND_WIFI_DAY = "lend_wifi_day"
        const val LEND_MOBILE_DAY = "lend_mobile_day"
    }
}
