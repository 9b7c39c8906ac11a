package app.manyhands.app

import android.app.Application
import app.manyhands.device.DeviceMonitor
import app.manyhands.device.HomeNetwork
import app.manyhands.keep.Channel
import app.manyhands.keep.Settings
import app.manyhands.live.LiveSession
import app.manyhands.watch.WatchSession
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob

/** What outlives a screen: what is kept, what the device reports, and the two sessions. */
class ManyhandsApp : Application() {
    /** Set by tests before anything else is touched. */
    var parts = Parts()

    val scope = CoroutineScope(SupervisorJob() + Dispatchers.Main.immediate)
    val settings by lazy { Settings(this) }
    val channel by lazy { Channel(this, parts.wrap) }
    val device by lazy { DeviceMonitor(this, scope) }
    val home by lazy { HomeNetwork(device, scope) }
    val front = Front()

    /** The broadcast of this phone: its preview, what is live, and its end. */
    val live by lazy { LiveSession(this) }

    /** What is watched. There is one picture at a time. */
    val watch by lazy { WatchSession(this) }

    override fun onCreate() {
        super.onCreate()
        registerActivityLifecycleCallbacks(front)
    }
}
