package app.manyhands.device

import android.content.BroadcastReceiver
import android.content.Context
import android.content.Intent
import android.content.IntentFilter
import android.net.ConnectivityManager
import android.net.Network
import android.net.NetworkCapabilities
import android.os.Build
import app.manyhands.app.service
import app.manyhands.core.NetworkKind
import kotlinx.coroutines.channels.awaitClose
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.callbackFlow
import kotlinx.coroutines.flow.distinctUntilChanged
import kotlinx.coroutines.flow.drop

/** Each change of the network that is used, and of Data Saver. */
fun networkReports(context: Context): Flow<NetworkReport> =
    callbackFlow {
        val connectivity = context.service<ConnectivityManager>()
        val callback =
            object : ConnectivityManager.NetworkCallback() {
                override fun onCapabilitiesChanged(
                    network: Network,
                    capabilities: NetworkCapabilities,
                ) {
                    trySend(report(capabilities, dataSaver(connectivity)))
                }

                override fun onLost(network: Network) {
                    trySend(NetworkReport(dataSaver = dataSaver(connectivity)))
                }
            }
        val saver = receiver { trySend(currentNetwork(context)) }
        connectivity.registerDefaultNetworkCallback(callback)
        context.listen(saver, ConnectivityManager.ACTION_RESTRICT_BACKGROUND_CHANGED)
        trySend(currentNetwork(context))
        awaitClose {
            connectivity.unregisterNetworkCallback(callback)
            context.unregisterReceiver(saver)
        }
    }.distinctUntilChanged()

/** Each network that the system goes over to; the one that is there at first is none. */
fun networkMoves(context: Context): Flow<Network> =
    callbackFlow {
        val connectivity = context.service<ConnectivityManager>()
        val callback =
            object : ConnectivityManager.NetworkCallback() {
                override fun onAvailable(network: Network) {
                    trySend(network)
                }
            }
        connectivity.registerDefaultNetworkCallback(callback)
        awaitClose { connectivity.unregisterNetworkCallback(callback) }
    }.distinctUntilChanged().drop(1)

/** The network that is used, and Data Saver, at this moment. */
fun currentNetwork(context: Context): NetworkReport {
    val connectivity = context.service<ConnectivityManager>()
    val capabilities = connectivity.getNetworkCapabilities(connectivity.activeNetwork)
    return report(capabilities, dataSaver(connectivity))
}

private fun dataSaver(connectivity: ConnectivityManager): Boolean =
    connectivity.restrictBackgroundStatus == ConnectivityManager.RESTRICT_BACKGROUND_STATUS_ENABLED

/** What the system says of a network, in the core's terms. */
fun report(
    capabilities: NetworkCapabilities?,
    dataSaver: Boolean,
): NetworkReport {
    if (capabilities == null) return NetworkReport(dataSaver = dataSaver)
    return NetworkReport(
        online = capabilities.hasCapability(NetworkCapabilities.NET_CAPABILITY_INTERNET),
        kind = kind(capabilities),
        metered = !capabilities.hasCapability(NetworkCapabilities.NET_CAPABILITY_NOT_METERED),
        roaming = isRoaming(capabilities),
        dataSaver = dataSaver,
    )
}

/** Android 8 does not say; there nothing is called roaming, and metered holds it back anyway. */
private fun isRoaming(capabilities: NetworkCapabilities): Boolean =
    Build.VERSION.SDK_INT >= Build.VERSION_CODES.P &&
        !capabilities.hasCapability(NetworkCapabilities.NET_CAPABILITY_NOT_ROAMING)

private fun kind(capabilities: NetworkCapabilities): NetworkKind =
    when {
        capabilities.hasTransport(NetworkCapabilities.TRANSPORT_CELLULAR) -> NetworkKind.MOBILE
        capabilities.hasTransport(NetworkCapabilities.TRANSPORT_WIFI) -> NetworkKind.WIFI
        capabilities.hasTransport(NetworkCapabilities.TRANSPORT_ETHERNET) -> NetworkKind.ETHERNET
        else -> NetworkKind.OTHER
    }

/** A receiver that only says that something has changed. */
internal fun receiver(changed: (Intent) -> Unit) =
    object : BroadcastReceiver() {
        override fun onReceive(
            context: Context,
            intent: Intent,
        ) = changed(intent)
    }

/** Listens to the system and to nobody else. */
internal fun Context.listen(
    receiver: BroadcastReceiver,
    vararg actions: String,
): Intent? {
    val filter = IntentFilter().apply { actions.forEach(::addAction) }
    return if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.TIRAMISU) {
        registerReceiver(receiver, filter, Context.RECEIVER_NOT_EXPORTED)
    } else {
        registerReceiver(receiver, filter)
    }
}
