package app.manyhands.live

import android.Manifest.permission.CAMERA
import android.Manifest.permission.RECORD_AUDIO
import android.app.Notification
import android.content.pm.ServiceInfo
import android.os.Build
import app.manyhands.R
import app.manyhands.app.ForegroundService
import app.manyhands.app.app
import app.manyhands.app.may
import app.manyhands.look.Words
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.cancel
import kotlinx.coroutines.flow.distinctUntilChanged
import kotlinx.coroutines.flow.drop
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.launch

/** Keeps the broadcast running when the app is left, and says whether camera and microphone are on. */
class LiveService : ForegroundService(1, "live", R.string.broadcasting_channel, LiveScreen::class.java) {
    private val scope = CoroutineScope(SupervisorJob() + Dispatchers.Main.immediate)

    override val runs get() = app.live.state.value.phase in setOf(Phase.GOING_LIVE, Phase.LIVE)

    override fun onCreate() {
        super.onCreate()
        scope.launch {
            val told = app.live.state.map { Triple(it.phase, it.viewers, it.paused) }
            told.distinctUntilChanged().drop(1).collect { update() }
        }
    }

    /** Only what is allowed: asking for more ends the app. */
    override fun types(): Int? {
        if (Build.VERSION.SDK_INT < Build.VERSION_CODES.R) return null
        val camera = if (may(CAMERA)) ServiceInfo.FOREGROUND_SERVICE_TYPE_CAMERA else 0
        return camera or if (may(RECORD_AUDIO)) ServiceInfo.FOREGROUND_SERVICE_TYPE_MICROPHONE else 0
    }

    override fun describe(builder: Notification.Builder) {
        val state = app.live.state.value
        builder.setSmallIcon(R.drawable.ic_live_dot).setColor(getColor(R.color.live))
        if (state.phase == Phase.GOING_LIVE) {
            builder.setContentTitle(getString(R.string.going_live))
        } else {
            val viewers = Words(this).watching(state.viewers)
            builder
                .setContentTitle(getString(R.string.you_are_live_with, viewers))
                .setContentText(getString(if (state.paused) R.string.left_app_paused else R.string.left_app_text))
        }
    }

    override fun stopTapped() {
        app.live.cancel()
        app.live.end()
    }

    override fun onDestroy() {
        scope.cancel()
        super.onDestroy()
    }
}
