package app.manyhands.lend

import android.os.Bundle
import android.view.View
import android.widget.ImageView
import android.widget.Switch
import android.widget.TextView
import app.manyhands.R
import app.manyhands.app.app
import app.manyhands.core.LendingLimits
import app.manyhands.look.Screen
import app.manyhands.look.onTap
import app.manyhands.look.say
import app.manyhands.look.shown
import app.manyhands.look.view

/** S8: what is given, what of it is allowed, and how it works. */
class LendScreen : Screen() {
    override fun onCreate(saved: Bundle?) {
        super.onCreate(saved)
        setContentView(R.layout.lend)
        clearOfBars(view(R.id.content))
        app.watch.refresh()
        view<ImageView>(R.id.close).onTap(::finish)
        view<Switch>(R.id.wifi).setOnClickListener { change { switchWifi((it as Switch).isChecked) } }
        view<Switch>(R.id.mobile).setOnClickListener { change { switchMobile((it as Switch).isChecked) } }
        view<TextView>(R.id.limit).onTap { change { nextLimit() } }
        view<TextView>(R.id.limit_mobile).onTap { change { nextMobileLimit() } }
        view<Switch>(R.id.home).setOnClickListener { app.home.say((it as Switch).isChecked) }
        view<TextView>(R.id.ok).onTap {
            change { copy(agreed = true) }
            finish()
        }
        val text = view<TextView>(R.id.how_text)
        text.shown(saved?.getBoolean(HOW) == true)
        view<TextView>(R.id.how).onTap { text.shown(!text.isShown) }
        show(app.watch.state) { draw(it.lend) }
        show(app.home.isHome) { view<Switch>(R.id.home).isChecked = it }
        show(app.device.reports) { drawHome(it.network.canBeHome) }
    }

    override fun onSaveInstanceState(out: Bundle) {
        super.onSaveInstanceState(out)
        out.putBoolean(HOW, view<TextView>(R.id.how_text).isShown)
    }

    private fun change(how: LendingLimits.() -> LendingLimits) = app.watch.lending(app.settings.lending.how())

    private fun draw(state: LendState) {
        view<Switch>(R.id.wifi).isChecked = state.limits.unmetered.on
        view<Switch>(R.id.mobile).isChecked = state.limits.metered.on
        row(R.id.limit, R.string.limit, limit(state.limits.unmetered.dayBytes))
        row(R.id.limit_mobile, R.string.limit_mobile, limit(state.limits.metered.dayBytes ?: MOBILE_PRESET))
        view<TextView>(R.id.limit_mobile).shown(state.limits.metered.on)
        row(R.id.now, R.string.now, resources.reason(state, words))
        row(R.id.today, R.string.today, resources.amount(state.today, state.mobileToday, words))
        row(R.id.month, R.string.this_month, resources.amount(state.month, state.mobileMonth, words))
        view<TextView>(R.id.ok).shown(!state.limits.agreed)
    }

    /** On mobile data there is nobody near. */
    private fun drawHome(can: Boolean) = listOf(R.id.home, R.id.home_text).forEach { view<View>(it).shown(can) }

    private fun limit(bytes: ULong?) = bytes?.let { words.size(it.toLong()) } ?: getString(R.string.no_limit)

    private fun row(
        id: Int,
        label: Int,
        value: String?,
    ) = view<TextView>(id).say(value?.let { getString(label) + "\n" + it })

    private companion object {
        const val HOW = "how"
    }
}
