package app.manyhands.play

import android.Manifest.permission.CAMERA
import android.Manifest.permission.RECORD_AUDIO
import android.app.Activity
import android.content.Intent
import android.net.Uri
import app.manyhands.R
import app.manyhands.device.DeviceReport
import app.manyhands.live.LiveScreen
import app.manyhands.live.Phase
import app.manyhands.watch.WatchScreen
import kotlinx.coroutines.cancel
import org.junit.After
import org.junit.Before
import org.robolectric.Robolectric
import org.robolectric.Shadows.shadowOf
import org.robolectric.android.controller.ActivityController

/** A phone on Wi-Fi whose owner has used the app before and allowed what it needs. */
abstract class AppTest {
    protected lateinit var phone: Phone
    protected val app get() = phone.app
    private val open = mutableListOf<AutoCloseable>()

    @Before
    fun takePhone() {
        phone = Phone()
        app.settings.agreed = true
        report(WIFI)
        shadowOf(app).grantPermissions(CAMERA, RECORD_AUDIO)
    }

    @After
    fun putAway() {
        open.forEach(AutoCloseable::close)
        app.watch.close()
        app.live.end()
        app.live.close()
        settle()
        app.scope.cancel()
    }

    protected fun report(report: DeviceReport) {
        app.device.played.value = report
        settle()
    }

    protected inline fun <reified T : Activity> start(intent: Intent? = null): ActivityController<T> {
        val controller =
            if (intent ==
                null
            ) {
                Robolectric.buildActivity(T::class.java)
            } else {
                Robolectric.buildActivity(T::class.java, intent)
            }
        return controller.setup().also { settle() }
    }

    /** A preview that went live, and a film in front of the camera. */
    protected fun goLive(): ActivityController<LiveScreen> {
        val screen = start<LiveScreen>()
        screen.get().tap(R.id.go_live)
        await("live") { app.live.state.value.phase == Phase.LIVE }
        open += FilmEncoder(FilmEncoder.film) { phone.captures.lastOrNull()?.sink }
        return screen
    }

    /** Watches what this phone itself sends: two real ends and real sockets between them. */
    protected fun watchMyself(): ActivityController<WatchScreen> {
        val link = checkNotNull(app.live.state.value.link)
        val screen = start<WatchScreen>(Intent(Intent.ACTION_VIEW, Uri.fromParts("manyhands", link, null)))
        await("picture") { app.watch.state.value.hasPicture && app.watch.state.value.why == null }
        return screen
    }
}
