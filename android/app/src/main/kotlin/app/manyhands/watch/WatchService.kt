package app.manyhands.watch

import android.app.Notification
import android.content.pm.ServiceInfo
import android.os.Build
import app.manyhands.R
import app.manyhands.app.ForegroundService
import app.manyhands.app.app

/** The sound goes on when the app was left without a small picture. */
class WatchService : ForegroundService(2, "watch", R.string.watching_channel, WatchScreen::class.java) {
    override val runs get() = app.watch.state.value.playing

    override fun types(): Int? =
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.Q) ServiceInfo.FOREGROUND_SERVICE_TYPE_MEDIA_PLAYBACK else null

    override fun describe(builder: Notification.Builder) {
        val title = app.watch.state.value.title
        builder
            .setSmallIcon(R.drawable.ic_speaker)
            .setContentTitle(title.ifEmpty { getString(R.string.app_name) })
            .setContentText(getString(R.string.watching_sound))
    }

    override fun stopTapped() = app.watch.close()
}
