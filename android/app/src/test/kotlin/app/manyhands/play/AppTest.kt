package app.manyhands.play

import android.Manifest.permission.CAMERA
import android.Manifest.permission.RECORD_AUDIO
import android.app.Activity
import android.content.Intent
import android.net.Uri
import android.os.Bundle
import android.view.accessibility.AccessibilityEvent
import android.view.accessibility.AccessibilityManager
import app.manyhands.R
import app.manyhands.app.service
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
        shadowOf(app.service<AccessibilityManager>()).setEnabled(true)
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

    /** How often a screen reader was told to say this, interrupting. */
    protected fun told(words: Int): Int {
        val all = shadowOf(app.service<AccessibilityManager>()).sentAccessibilityEvents
        val announced = all.filter { it.eventType == AccessibilityEvent.TYPE_ANNOUNCEMENT }
        return announced.count { app.getString(words) in it.text }
    }

    /** The same screen after its process is gone: only what the system keeps of it is left. */
    protected inline fun <reified T : Activity> afterDeath(old: ActivityController<T>): ActivityController<T> {
        val kept = Bundle()
        old
            .pause()
            .stop()
            .saveInstanceState(kept)
            .destroy()
        app.watch.close()
        app.live.close()
        settle()
        return Robolectric.buildActivity(T::class.java, old.intent).setup(kept).also { settle() }
    }

    /** Watches a link as if it had been tapped. */
    protected fun watch(link: String): ActivityController<WatchScreen> =
        start<WatchScreen>(Intent(Intent.ACTION_VIEW, Uri.fromParts("manyhands", link, null)))

    /** A preview that went live, and a film in front of the camera. */
    protected fun goLive(): ActivityController<LiveScreen> {
        val screen = start<LiveScreen>()
        screen.get().tap(R.id.go_live)
        await("live") { app.live.state.value.phase == Phase.LIVE }
        open += FilmEncoder(FilmEncoder.film) { phone.captures.lastOrNull() }
        return screen
    }

    /** Watches what this phone itself sends: two real ends and real sockets between them. */
    protected fun watchMyself(): ActivityController<WatchScreen> {
        val link = checkNotNull(app.live.state.value.link)
        val screen = watch(link)
        await("picture") { app.watch.state.value.hasPicture && app.watch.state.value.why == null }
        return screen
    }
}
