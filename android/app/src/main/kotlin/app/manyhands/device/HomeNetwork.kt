package app.manyhands.device

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.launch

/**
 * Whether the person calls the network home in which the phone stands: only there others are looked for
 * nearby. Nothing of it is kept, and no name of a network is read: it is forgotten when the phone leaves
 * that network, and when the app ends. Main thread.
 */
class HomeNetwork(
    private val device: DeviceMonitor,
    scope: CoroutineScope,
) {
    private val said = MutableStateFlow(false)

    /** What was said of this network. */
    val isHome: StateFlow<Boolean> = said.asStateFlow()

    init {
        scope.launch { device.moves.collect { forget() } }
        scope.launch { device.reports.collect { if (!it.network.canBeHome) forget() } }
    }

    /** The person says it, or takes it back. */
    fun say(home: Boolean) {
        said.value = home && device.reports.value.network.canBeHome
    }

    /** The phone is elsewhere. */
    fun forget() {
        said.value = false
    }
}
