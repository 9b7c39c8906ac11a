package app.manyhands.watch

import android.content.res.Resources
import app.manyhands.R
import app.manyhands.look.Words

/** What a button on Watch's states does. */
enum class Action { TRY, SETTINGS, CLOSE, PASTE }

/** The words, the icon and the button of a state without a picture. */
data class Explanation(
    val icon: Int,
    val title: Int,
    val text: Int?,
    val action: Action? = null,
    val label: Int? = null,
)

/** The words for it. */
fun explanation(why: Why): Explanation =
    when (why) {
        Why.JOINING -> {
            Explanation(R.drawable.ic_clock, R.string.joining, null, Action.CLOSE, R.string.cancel)
        }

        Why.JOINING_LONG -> {
            Explanation(R.drawable.ic_clock, R.string.joining, R.string.joining_long, Action.CLOSE, R.string.cancel)
        }

        Why.WAITING -> {
            Explanation(R.drawable.ic_clock, R.string.waiting, R.string.waiting_text)
        }

        Why.PAUSED -> {
            Explanation(R.drawable.ic_pause, R.string.paused, R.string.paused_text)
        }

        Why.BROADCASTER_SILENT -> {
            Explanation(R.drawable.ic_phone_theirs, R.string.broadcaster_silent, R.string.broadcaster_silent_text)
        }

        Why.BROADCASTER_SILENT_LONG -> {
            Explanation(R.drawable.ic_phone_theirs, R.string.broadcaster_silent, R.string.broadcaster_silent_long_text)
        }

        Why.CUT_OFF -> {
            Explanation(R.drawable.ic_phone_mine, R.string.cut_off, R.string.cut_off_text, Action.TRY, R.string.try_now)
        }

        Why.NO_NETWORK -> {
            Explanation(
                R.drawable.ic_phone_mine,
                R.string.no_network,
                R.string.no_network_text,
                Action.SETTINGS,
                R.string.open_settings,
            )
        }

        else -> {
            explanationOfEnd(why)
        }
    }

/** What interrupts a screen reader when one state follows another: lost, back again, ended. */
fun announcement(
    before: Why?,
    now: Why?,
): Int? =
    when {
        now != null && now in LOST && before !in LOST -> explanation(now).title
        now == Why.ENDED && before != Why.ENDED -> R.string.ended
        now == null && before in LOST -> R.string.back_again
        else -> null
    }

private val LOST = setOf(Why.CUT_OFF, Why.BROADCASTER_SILENT, Why.BROADCASTER_SILENT_LONG, Why.NO_NETWORK)

private fun explanationOfEnd(why: Why): Explanation =
    when (why) {
        Why.ENDED -> {
            Explanation(R.drawable.ic_ended, R.string.ended, R.string.ended_text, Action.CLOSE, R.string.close)
        }

        Why.REVOKED -> {
            Explanation(R.drawable.ic_envelope, R.string.revoked, R.string.revoked_text, Action.CLOSE, R.string.close)
        }

        Why.UNREACHABLE -> {
            Explanation(
                R.drawable.ic_globe_struck,
                R.string.unreachable,
                R.string.unreachable_text,
                Action.TRY,
                R.string.try_again,
            )
        }

        Why.NEWER_VERSION -> {
            Explanation(
                R.drawable.ic_arrow_up,
                R.string.newer_version,
                R.string.newer_version_text,
                Action.CLOSE,
                R.string.close,
            )
        }

        Why.DAMAGED_LINK -> {
            Explanation(
                R.drawable.ic_torn_link,
                R.string.damaged_link,
                R.string.damaged_link_text,
                Action.PASTE,
                R.string.paste_again,
            )
        }

        else -> {
            Explanation(R.drawable.ic_octagon, R.string.failed, null, Action.CLOSE, R.string.close)
        }
    }

/** The one sentence, with its numbers; what has no word here is said in the core's own. */
fun Resources.sentence(
    state: WatchState,
    words: Words,
): String? {
    val why = state.why ?: return null
    val text = explanation(why).text
    return when {
        why == Why.FAILED -> state.message
        why == Why.ENDED -> if (state.ranS > 0) getString(R.string.ended_text, words.length(state.ranS)) else null
        text == null -> null
        else -> getString(text)
    }
}

/** "LIVE 3 s", "12 s behind · Go live". */
fun Resources.badge(state: WatchState): String? {
    val behind = state.behindS
    val latency = state.latencyMs
    return when {
        state.why != null || latency == null -> null
        behind != null -> getString(R.string.behind_go_live, behind)
        else -> getString(R.string.live_behind, shortTime(latency))
    }
}

/** The same, spoken. */
fun Resources.spokenBadge(state: WatchState): String? =
    state.behindS?.let { getString(R.string.behind_go_live_spoken, it) } ?: badge(state)

private fun Resources.shortTime(ms: Long): String =
    if (ms < MS) getString(R.string.under_a_second) else getString(R.string.seconds_short, ms / MS)

private const val MS = 1_000L
