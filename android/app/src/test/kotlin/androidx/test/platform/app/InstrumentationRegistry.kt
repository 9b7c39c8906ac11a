package androidx.test.platform.app

import android.app.Instrumentation
import android.os.Bundle

/**
 * What Robolectric calls of `androidx.test:monitor`, which only its vendor's registry has; likewise
 * everything else in this package.
 */
object InstrumentationRegistry {
    private var registered: Pair<Instrumentation?, Bundle> = null to Bundle()

    @JvmStatic
    fun registerInstance(
        instrumentation: Instrumentation?,
        arguments: Bundle,
    ) {
        registered = instrumentation to Bundle(arguments)
    }

    @JvmStatic
    fun getInstrumentation(): Instrumentation = checkNotNull(registered.first) { "nothing is registered" }

    @JvmStatic
    fun getArguments(): Bundle = Bundle(registered.second)
}
