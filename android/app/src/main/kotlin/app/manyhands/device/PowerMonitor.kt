package app.manyhands.device

import android.annotation.TargetApi
import android.content.Context
import android.content.Intent
import android.content.IntentFilter
import android.os.BatteryManager
import android.os.Build
import android.os.PowerManager
import app.manyhands.app.service
import kotlinx.coroutines.channels.ProducerScope
import kotlinx.coroutines.channels.awaitClose
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.callbackFlow
import kotlinx.coroutines.flow.distinctUntilChanged

/** Each change of battery, saver and heat. */
fun powerReports(context: Context): Flow<PowerReport> =
    callbackFlow {
        val changed = receiver { trySend(currentPower(context)) }
        context.listen(changed, Intent.ACTION_BATTERY_CHANGED, PowerManager.ACTION_POWER_SAVE_MODE_CHANGED)
        val stopHeat = if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.Q) heatListener(context) else null
        trySend(currentPower(context))
        awaitClose {
            stopHeat?.invoke()
            context.unregisterReceiver(changed)
        }
    }.distinctUntilChanged()

/** A system that does not measure heat throws nothing more special than this. */
@TargetApi(Build.VERSION_CODES.Q)
@Suppress("TooGenericExceptionCaught")
private fun ProducerScope<PowerReport>.heatListener(context: Context): () -> Unit {
    val power = context.service<PowerManager>()
    val listener = PowerManager.OnThermalStatusChangedListener { trySend(currentPower(context)) }
    return try {
        power.addThermalStatusListener(context.mainExecutor, listener)
        ({ power.removeThermalStatusListener(listener) })
    } catch (_: RuntimeException) {
        ({ })
    }
}

/** The same at this moment. The battery's intent is sticky: it is there without waiting. */
fun currentPower(context: Context): PowerReport {
    val power = context.service<PowerManager>()
    val battery = context.registerReceiver(null, IntentFilter(Intent.ACTION_BATTERY_CHANGED))
    return PowerReport(
        percent = battery?.let(::percent),
        charging = battery != null && battery.getIntExtra(BatteryManager.EXTRA_PLUGGED, 0) != 0,
        saver = power.isPowerSaveMode,
        thermal = if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.Q) power.currentThermalStatus else 0,
    )
}

private fun percent(battery: Intent): Int? {
    val level = battery.getIntExtra(BatteryManager.EXTRA_LEVEL, -1)
    val scale = battery.getIntExtra(BatteryManager.EXTRA_SCALE, 0)
    return if (level < 0 || scale <= 0) null else level * ALL / scale
}

private const val ALL = 100
