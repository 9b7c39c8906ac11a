package app.manyhands.play

import app.manyhands.core.NetworkKind
import app.manyhands.device.DeviceReport
import app.manyhands.device.NetworkReport
import app.manyhands.device.PowerReport

/** A good network and a full battery. */
val WIFI = DeviceReport(NetworkReport(online = true, kind = NetworkKind.WIFI, metered = false), PowerReport(80))

/** The same on a charger. */
val PLUGGED = WIFI.copy(power = WIFI.power.copy(charging = true))

/** A mobile operator's network at home. */
val MOBILE = WIFI.copy(network = WIFI.network.copy(kind = NetworkKind.MOBILE, metered = true))

/** The same abroad. */
val ROAMING = MOBILE.copy(network = MOBILE.network.copy(roaming = true))

/** No network at all. */
val OFFLINE = DeviceReport(NetworkReport(), PowerReport(80))

/** With this heat, as `PowerManager` counts it. */
fun DeviceReport.hot(thermal: Int) = copy(power = power.copy(thermal = thermal))

/** With this much left in the battery. */
fun DeviceReport.battery(percent: Int) = copy(power = power.copy(percent = percent))
