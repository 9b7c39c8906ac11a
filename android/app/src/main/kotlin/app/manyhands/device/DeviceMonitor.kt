package app.manyhands.device

import android.content.Context
import android.net.Network
import android.os.PowerManager
import app.manyhands.core.DeviceState
import app.manyhands.core.Heat
import app.manyhands.core.NetworkKind
import app.manyhands.core.PlayState
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.SharingStarted
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.combine
import kotlinx.coroutines.flow.stateIn
import java.util.TimeZone

/** How the phone reaches others, as the system says. */
data class NetworkReport(
    val online: Boolean = false,
    val kind: NetworkKind = NetworkKind.OTHER,
    val metered: Boolean? = null,
    val roaming: Boolean = false,
    val dataSaver: Boolean = false,
) {
    /** Somebody can be at home in it: it is no operator's. */
    val canBeHome: Boolean get() = online && (kind == NetworkKind.WIFI || kind == NetworkKind.ETHERNET)
}

/** Battery and heat. */
data class PowerReport(
    val percent: Int? = null,
    val charging: Boolean = false,
    val saver: Boolean = false,
    /** As `PowerManager.THERMAL_STATUS_…` counts it. */
    val thermal: Int = 0,
)

/** All that the device reports. */
data class DeviceReport(
    val network: NetworkReport = NetworkReport(),
    val power: PowerReport = PowerReport(),
    val inCall: Boolean = false,
) {
    val heat: Heat get() = heat(power.thermal)

    /** As the core wants it; [live] and [play] are this app's own. */
    fun forCore(
        live: Boolean,
        play: PlayState,
        utcOffsetS: Int = TimeZone.getDefault().getOffset(System.currentTimeMillis()) / MS_PER_S,
    ) = DeviceState(
        network = if (network.online) network.kind else NetworkKind.OFFLINE,
        metered = network.metered,
        roaming = network.roaming,
        dataSaver = network.dataSaver,
        batteryPercent = power.percent?.coerceIn(0, ALL)?.toUByte(),
        charging = power.charging,
        batterySaver = power.saver,
        heat = heat,
        inCall = inCall,
        live = live,
        play = play,
        utcOffsetS = utcOffsetS,
    )

    private companion object {
        const val MS_PER_S = 1_000
        const val ALL = 100
    }
}

/** The system's word for heat, of API 29, in the core's terms. */
fun heat(thermal: Int): Heat =
    when {
        thermal >= PowerManager.THERMAL_STATUS_CRITICAL -> Heat.CRITICAL
        thermal == PowerManager.THERMAL_STATUS_SEVERE -> Heat.SEVERE
        thermal == PowerManager.THERMAL_STATUS_MODERATE -> Heat.MODERATE
        else -> Heat.NORMAL
    }

/** What the device reports, as long as somebody looks. */
class DeviceMonitor(
    context: Context,
    scope: CoroutineScope,
) {
    /** Each time that the phone stands in another network. */
    val moves: Flow<Network> = networkMoves(context)

    /** Tests put a report in the system's place. */
    val played = MutableStateFlow<DeviceReport?>(null)

    val reports: StateFlow<DeviceReport> =
        combine(networkReports(context), powerReports(context), calls(context), played) { network, power, call, play ->
            play ?: DeviceReport(network, power, call)
        }.stateIn(scope, SharingStarted.Eagerly, DeviceReport(currentNetwork(context), currentPower(context)))
}
