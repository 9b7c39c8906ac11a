package app.manyhands.look

import android.annotation.TargetApi
import android.app.Activity
import android.content.Context
import android.content.res.Configuration
import android.graphics.Rect
import android.os.Build
import android.view.View
import android.window.OnBackInvokedCallback
import android.window.OnBackInvokedDispatcher
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.cancel
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.launch

/**
 * What all screens share: words, a scope that ends with the screen, room for the system's bars, and
 * Back. Screens with a picture are dark whatever the rest is.
 */
abstract class Screen(
    private val dark: Boolean = false,
) : Activity() {
    protected val scope = CoroutineScope(SupervisorJob() + Dispatchers.Main.immediate)
    val words by lazy { Words(this) }
    private var back: OnBackInvokedCallback? = null

    override fun attachBaseContext(base: Context) {
        super.attachBaseContext(if (dark) base.inTheDark() else base)
    }

    /** Keeps [content] clear of bars and cut-outs. */
    protected fun clearOfBars(content: View) {
        val own = Rect(content.paddingLeft, content.paddingTop, content.paddingRight, content.paddingBottom)
        content.setOnApplyWindowInsetsListener { view, insets ->
            val bars = bars(insets)
            view.setPadding(own.left + bars.left, own.top + bars.top, own.right + bars.right, own.bottom + bars.bottom)
            insets
        }
        content.requestApplyInsets()
    }

    /** Shows what comes until the screen is gone. */
    protected fun <T> show(
        states: Flow<T>,
        draw: (T) -> Unit,
    ) {
        scope.launch { states.collect { draw(it) } }
    }

    /** Back does this instead, until nothing is given. */
    protected fun onBack(action: (() -> Unit)?) {
        backAction = action
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.TIRAMISU) register(action)
    }

    private var backAction: (() -> Unit)? = null

    @TargetApi(Build.VERSION_CODES.TIRAMISU)
    private fun register(action: (() -> Unit)?) {
        back?.let(onBackInvokedDispatcher::unregisterOnBackInvokedCallback)
        back = action?.let { OnBackInvokedCallback(it) }
        back?.let {
            onBackInvokedDispatcher.registerOnBackInvokedCallback(
                OnBackInvokedDispatcher.PRIORITY_DEFAULT,
                it,
            )
        }
    }

    @Deprecated("Before Android 13 there is nothing else")
    override fun onBackPressed() {
        val action = backAction
        if (action != null) {
            action()
        } else {
            @Suppress("DEPRECATION")
            super.onBackPressed()
        }
    }

    override fun onDestroy() {
        scope.cancel()
        super.onDestroy()
    }
}

private fun Context.inTheDark(): Context {
    val night =
        Configuration().apply {
            fontScale = 0f
            uiMode = Configuration.UI_MODE_NIGHT_YES
        }
    return createConfigurationContext(night)
}
