package app.manyhands.app

import android.app.Activity
import android.app.Notification
import android.app.NotificationChannel
import android.app.NotificationManager
import android.app.PendingIntent
import android.app.Service
import android.content.Context
import android.content.Intent
import android.graphics.drawable.Icon
import android.os.Build
import android.os.IBinder
import app.manyhands.R

/** What goes on when the app is left: it is seen as a notification, which opens it and stops it. */
abstract class ForegroundService(
    private val id: Int,
    private val channel: String,
    private val channelName: Int,
    private val screen: Class<out Activity>,
) : Service() {
    /** There is something that goes on; else the service ends at once. */
    protected abstract val runs: Boolean

    /** `ServiceInfo.FOREGROUND_SERVICE_TYPE_…`; nothing where this Android has none for it. */
    protected abstract fun types(): Int?

    /** The notification's icon and words. */
    protected abstract fun describe(builder: Notification.Builder)

    /** `Stop` was tapped. */
    protected abstract fun stopTapped()

    override fun onBind(intent: Intent?): IBinder? = null

    override fun onStartCommand(
        intent: Intent?,
        flags: Int,
        startId: Int,
    ): Int {
        foreground()
        if (intent?.action == STOP) stopTapped()
        // Nothing begins again by itself.
        if (!runs) stopSelf()
        return START_NOT_STICKY
    }

    private fun foreground() {
        val importance = NotificationManager.IMPORTANCE_LOW
        service<NotificationManager>()
            .createNotificationChannel(NotificationChannel(channel, getString(channelName), importance))
        val types = types()
        if (types != null && Build.VERSION.SDK_INT >= Build.VERSION_CODES.Q) {
            startForeground(id, notification(), types)
        } else {
            startForeground(id, notification())
        }
    }

    /** Shows what is true now. */
    protected fun update() = service<NotificationManager>().notify(id, notification())

    private fun notification(): Notification {
        val open = PendingIntent.getActivity(this, 0, Intent(this, screen), FLAGS)
        val stop = PendingIntent.getService(this, 0, Intent(this, javaClass).setAction(STOP), FLAGS)
        return Notification
            .Builder(this, channel)
            .apply(::describe)
            .setContentIntent(open)
            .setOngoing(true)
            .setOnlyAlertOnce(true)
            .addAction(button(R.drawable.ic_full_screen, R.string.open, open))
            .addAction(button(R.drawable.ic_stop, R.string.stop, stop))
            .build()
    }

    private fun button(
        icon: Int,
        words: Int,
        action: PendingIntent,
    ) = Notification.Action.Builder(Icon.createWithResource(this, icon), getString(words), action).build()

    companion object {
        /** What the notification's button says to the service. */
        const val STOP = "app.manyhands.STOP"
        private const val FLAGS = PendingIntent.FLAG_IMMUTABLE or PendingIntent.FLAG_UPDATE_CURRENT
    }
}

/** Starts a service from a screen in front: later the system refuses it. */
inline fun <reified S : ForegroundService> Context.beginService() {
    startService(Intent(this, S::class.java))
}

/** Ends a service, if it runs. */
inline fun <reified S : ForegroundService> Context.endService() {
    stopService(Intent(this, S::class.java))
}
