package app.manyhands.device

import android.net.ConnectivityManager
import android.net.Network
import app.manyhands.app.service
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import org.junit.Assert.assertEquals
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.shadows.ShadowNetwork

/** When the phone stands in another network. */
@RunWith(RobolectricTestRunner::class)
class MovesTest {
    @Test
    fun `another network is a move, the first and the same one are none`() {
        val app = RuntimeEnvironment.getApplication()
        val connectivity = shadowOf(app.service<ConnectivityManager>())
        val (wifi, mobile) = listOf(1, 2).map(ShadowNetwork::newInstance)
        val seen = mutableListOf<Network>()
        runBlocking {
            val watching = launch(Dispatchers.Unconfined) { networkMoves(app).collect(seen::add) }
            listOf(wifi, wifi, mobile, wifi).forEach { network ->
                connectivity.networkCallbacks.forEach { it.onAvailable(network) }
            }
            watching.cancel()
        }
        assertEquals(listOf(mobile, wifi), seen)
        assertEquals(emptySet<ConnectivityManager.NetworkCallback>(), connectivity.networkCallbacks)
    }
}
