package app.manyhands.home

import app.manyhands.lend.LendState
import app.manyhands.live.LiveState
import app.manyhands.live.Phase

/** What Home shows. */
data class HomeState(
    /** Viewers of the broadcast that runs; nothing when none does. */
    val liveViewers: Long? = null,
    /** When a broadcast was cut off, Unix milliseconds. */
    val interruptedMs: Long? = null,
    val lend: LendState = LendState(),
)

/** Put together from what outlives screens. */
fun homeState(
    live: LiveState,
    interruptedMs: Long?,
    lend: LendState,
): HomeState {
    val isLive = live.phase == Phase.LIVE
    return HomeState(
        liveViewers = live.viewers.takeIf { isLive },
        interruptedMs = interruptedMs.takeIf { !isLive },
        lend = lend,
    )
}
