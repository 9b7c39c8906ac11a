package app.manyhands.watch

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
import app.manyhands.app.service

/** The sound goes on when the app was left without a small picture. */
class WatchService : Service() {
    override fun onBind(intent: Intent?): IBinder? = null

    override fun onStartCommand(
        intent: Intent?,
        flags: Int,
        startId: Int,
    ): Int {
        foreground()
        if (intent?.action == STOP) app.watch.close()
        if (!app.watch.state.value.playing) stopSelf()
        return START_NOT_STICKY
    }

    private fun foreground() {
        val name = getString(R.string.watching_channel)
        val channel = NotificationChannel(CHANNEL, name, NotificationManager.IMPORTANCE_LOW)
        service<NotificationManager>().createNotificationChannel(channel)
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.Q) {
            startForeground(ID, notification(), ServiceInfo.FOREGROUND_SERVICE_TYPE_MEDIA_PLAYBACK)
        } else {
            startForeground(ID, notification())
        }
    }

    private fun notification(): Notification {
        val open = PendingIntent.getActivity(this, 0, Intent(this, WatchScreen::class.java), FLAGS)
        val stop = PendingIntent.getService(this, 0, Intent(this, WatchService::class.java).setAction(STOP), FLAGS)
        val icon = Icon.createWithResource(this, R.drawable.ic_stop)
        val title = app.watch.state.value.title
        return Notification
            .Builder(this, CHANNEL)
            .setSmallIcon(R.drawable.ic_speaker)
            .setContentTitle(title.ifEmpty { getString(R.string.app_name) })
            .setContentText(getString(R.string.watching_sound))
            .setContentIntent(open)
            .setOngoing(true)
            .addAction(Notification.Action.Builder(icon, getString(R.string.stop), stop).build())
            .build()
    }

    companion object {
        const val CHANNEL = "watch"
        const val ID = 2
        const val STOP = "app.manyhands.STOP_WATCHING"
        private const val FLAGS = PendingIntent.FLAG_IMMUTABLE or PendingIntent.FLAG_UPDATE_CURRENT

        /** From a screen in front: later the system refuses it. */
        fun start(context: Context) {
            context.startService(Intent(context, WatchService::class.java))
        }

        fun stop(context: Context) {
            context.stopService(Intent(context, WatchService::class.java))
        }
    }
}
