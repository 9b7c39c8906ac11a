package app.manyhands.behaviour

import android.net.ConnectivityManager
import android.net.wifi.WifiManager
import android.widget.Switch
import app.manyhands.R
import app.manyhands.app.service
import app.manyhands.lend.LendScreen
import app.manyhands.live.LiveScreen
import app.manyhands.play.AppTest
import app.manyhands.play.MOBILE
import app.manyhands.play.OFFLINE
import app.manyhands.play.WIFI
import app.manyhands.play.await
import app.manyhands.play.elsewhere
import app.manyhands.play.says
import app.manyhands.play.settle
import app.manyhands.play.tap
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.Shadows.shadowOf
import org.robolectric.shadows.ShadowNetwork

/** Others are looked for nearby only where the person is at home, and the phone listens only meanwhile. */
@RunWith(RobolectricTestRunner::class)
class HomeNetworkTest : AppTest() {
    /** How often multicast is let through now. */
    private val locks get() = shadowOf(app.service<WifiManager>()).activeLockCount

    private fun stand(network: Int) {
        shadowOf(app.service<ConnectivityManager>()).networkCallbacks.forEach {
            it.onAvailable(ShadowNetwork.newInstance(network))
        }
        settle()
    }

    @Test
    fun `a broadcast listens while the network is called home, and no longer than that`() {
        goLive()
        assertEquals(0, locks)
        app.home.say(true)
        await("listens") { locks == 1 }
        app.home.say(false)
        await("not any more") { locks == 0 }
        app.home.say(true)
        await("listens") { locks == 1 }
        app.live.end()
        assertEquals(0, locks)
    }

    @Test
    fun `who watches listens likewise, and another network is nobody's home`() =
        elsewhere { link ->
            watch(link)
            assertFalse(app.home.isHome.value)
            // The first one is no move.
            stand(7)
            app.home.say(true)
            await("listens") { locks == 1 }
            stand(8)
            await("moved") { !app.home.isHome.value && locks == 0 }
            app.home.say(true)
            await("listens") { locks == 1 }
            app.watch.close()
            assertEquals(0, locks)
        }

    @Test
    fun `without Wi-Fi or a cable there is no home, and one that was is forgotten`() {
        for (elsewhere in listOf(MOBILE, OFFLINE)) {
            report(WIFI)
            app.home.say(true)
            assertTrue(app.home.isHome.value)
            report(elsewhere)
            assertFalse(app.home.isHome.value)
            app.home.say(true)
            report(WIFI)
            assertFalse(app.home.isHome.value)
        }
    }

    @Test
    fun `it is said before going live and beside lending a hand, where it is told what it means`() {
        val preview = start<LiveScreen>().get()
        assertFalse(preview.requireViewById<Switch>(R.id.home).isChecked)
        preview.tap(R.id.home)
        assertTrue(preview.says(R.string.home_network_text))
        assertTrue(app.home.isHome.value)
        val lend = start<LendScreen>().get()
        assertTrue(lend.requireViewById<Switch>(R.id.home).isChecked)
        assertTrue(lend.says(R.string.home_network_text))
        lend.tap(R.id.home)
        assertFalse(app.home.isHome.value || preview.requireViewById<Switch>(R.id.home).isChecked)
        report(MOBILE)
        assertFalse(lend.says(R.string.home_network) || preview.says(R.string.home_network))
    }
}
