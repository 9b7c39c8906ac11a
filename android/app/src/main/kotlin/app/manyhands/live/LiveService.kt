package app.manyhands.live

import android.app.Notification
import android.app.NotificationChannel
import android.app.NotificationManager
import android.app.PendingIntent
import android.app.Service
import android.content.Context
import android.content.Intent
import android.content.pm.ServiceInfo
import android.graphics.drawable.Icon
import android.os.Build
import android.os.IBinder
import app.manyhands.R
import app.manyhands.app.app
import app.manyhands.app.may
import app.manyhands.app.service
import app.manyhands.look.Words
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.cancel
import kotlinx.coroutines.flow.distinctUntilChanged
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.launch

/** Keeps camera and microphone running when the app is left, and says so, with a way to stop. */
class LiveService : Service() {
    private val scope = CoroutineScope(SupervisorJob() + Dispatchers.Main.immediate)

    override fun onBind(intent: Intent?): IBinder? = null

    override fun onCreate() {
        super.onCreate()
        makeChannel()
        scope.launch {
            val viewers = app.live.state.map { it.viewers }
            viewers.distinctUntilChanged().collect { service<NotificationManager>().notify(ID, notification(it)) }
        }
    }

    override fun onStartCommand(
        intent: Intent?,
        flags: Int,
        startId: Int,
    ): Int {
        foreground()
        if (intent?.action == STOP) app.live.end()
        // A broadcast never begins again by itself.
        if (app.live.state.value.phase != Phase.LIVE) stopSelf()
        return START_NOT_STICKY
    }

    private fun foreground() {
        val shown = notification(app.live.state.value.viewers)
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.R) {
            startForeground(ID, shown, types())
        } else {
            startForeground(ID, shown)
        }
    }

    /** Only what is allowed: asking for more ends the app. */
    private fun types(): Int {
        val camera = if (may(android.Manifest.permission.CAMERA)) ServiceInfo.FOREGROUND_SERVICE_TYPE_CAMERA else 0
        val sound = may(android.Manifest.permission.RECORD_AUDIO)
        return camera or if (sound) ServiceInfo.FOREGROUND_SERVICE_TYPE_MICROPHONE else 0
    }

    private fun makeChannel() {
        val name = getString(R.string.broadcasting_channel)
        val channel = NotificationChannel(CHANNEL, name, NotificationManager.IMPORTANCE_LOW)
        service<NotificationManager>().createNotificationChannel(channel)
    }

    private fun notification(viewers: Long): Notification {
        val open = PendingIntent.getActivity(this, 0, Intent(this, LiveScreen::class.java), FLAGS)
        val stop = PendingIntent.getService(this, 0, Intent(this, LiveService::class.java).setAction(STOP), FLAGS)
        val icon = Icon.createWithResource(this, R.drawable.ic_stop)
        return Notification
            .Builder(this, CHANNEL)
            .setSmallIcon(R.drawable.ic_live_dot)
            .setColor(getColor(R.color.live))
            .setContentTitle(getString(R.string.you_are_live_with, Words(this).watching(viewers)))
            .setContentText(getString(R.string.left_app_text))
            .setContentIntent(open)
            .setOngoing(true)
            .setOnlyAlertOnce(true)
            .addAction(Notification.Action.Builder(icon, getString(R.string.stop), stop).build())
            .build()
    }

    override fun onDestroy() {
        scope.cancel()
        super.onDestroy()
    }

    companion object {
        const val CHANNEL = "live"
        const val ID = 1
        const val STOP = "app.manyhands.STOP"
        private const val FLAGS = PendingIntent.FLAG_IMMUTABLE or PendingIntent.FLAG_UPDATE_CURRENT

        /** From a screen in front: later the system refuses it. */
        fun start(context: Context) {
            context.startService(Intent(context, LiveService::class.java))
        }

        fun stop(context: Context) {
            context.stopService(Intent(context, LiveService::class.java))
        }
    }
}
