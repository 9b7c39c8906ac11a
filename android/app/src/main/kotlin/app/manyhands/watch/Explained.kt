package app.manyhands.watch

import app.manyhands.core.EndReason
import app.manyhands.core.Failure
import app.manyhands.core.VideoFormat
import app.manyhands.core.WatchState as CoreState

/** The core's state as a word; nothing while the picture plays. */
fun why(state: CoreState): Why? =
    when (state) {
        CoreState.JOINING -> Why.JOINING
        CoreState.WAITING -> Why.WAITING
        CoreState.PLAYING -> null
        CoreState.PAUSED -> Why.PAUSED
        CoreState.CAMERA_OFF -> Why.CAMERA_OFF
        CoreState.BROADCASTER_SILENT -> Why.BROADCASTER_SILENT
        CoreState.CUT_OFF -> Why.CUT_OFF
        CoreState.NO_NETWORK -> Why.NO_NETWORK
    }

/** Why it is over, as a word. */
fun why(reason: EndReason): Why =
    when (reason) {
        EndReason.FINISHED -> Why.ENDED
        EndReason.REVOKED -> Why.REVOKED
        EndReason.UNREACHABLE -> Why.UNREACHABLE
    }

/** What failed, as a word. */
fun why(failure: Failure): Why =
    when (failure) {
        is Failure.DamagedLink -> Why.DAMAGED_LINK
        is Failure.NewerLink -> Why.NEWER_VERSION
        is Failure.Ended -> Why.ENDED
        is Failure.Revoked -> Why.REVOKED
        is Failure.Unreachable -> Why.UNREACHABLE
        is Failure.Network -> Why.NO_NETWORK
        is Failure.BadOptions, is Failure.BadUnit, is Failure.Dropped -> Why.FAILED
    }

/** The same, known for how long it has been so. */
fun lasting(
    why: Why?,
    forMs: Long,
): Why? =
    when {
        why == Why.JOINING && forMs >= JOINING_LONG_MS -> Why.JOINING_LONG
        why == Why.BROADCASTER_SILENT && forMs >= SILENT_LONG_MS -> Why.BROADCASTER_SILENT_LONG
        else -> why
    }

private const val JOINING_LONG_MS = 5_000L
private const val SILENT_LONG_MS = 600_000L

/** How the picture is shown: width by height, turned as it says. */
fun aspect(format: VideoFormat): Float {
    val lying = format.width.toFloat() / format.height.toFloat()
    return if (format.rotation.toInt() % HALF_TURN == 0) lying else 1 / lying
}

private const val HALF_TURN = 180
