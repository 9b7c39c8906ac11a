package app.manyhands.play

import app.manyhands.app.Endpoint
import app.manyhands.core.PlayState
import app.manyhands.core.newChannel
import app.manyhands.keep.Start
import app.manyhands.live.Feeding
import app.manyhands.media.Quality
import app.manyhands.stream.Broadcasting

/** On this machine, and asking nobody outside. */
val ALONE = Endpoint("127.0.0.1:0", dht = false)

/** A broadcast of somebody else, silent, and its link. */
fun elsewhere(test: (String) -> Unit) {
    val device = WIFI.forCore(live = true, play = PlayState.IDLE)
    val options = Feeding.options("", newChannel(), Start(1, 1), Quality.CHOSEN, device, ALONE)
    Broadcasting.goLive(options).use { test(it.link) }
}
