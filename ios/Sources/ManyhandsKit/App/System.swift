/// All that the kit asks of the system: the app's adapters, or what stands in for them in a test.
@MainActor
public struct System {
    public var filming: any Filming
    public var screening: any Screening
    public var reports: any DeviceReporting
    public var permissions: any Permitting
    public var nearby: any Nearby
    /// Secrets: the channel's keys, and the place with its link.
    public var vault: any Keeping
    /// What is no secret: settings.
    public var drawer: any Keeping
    /// A file that every viewer of this phone keeps its ledger in; nothing: forgotten at the end.
    public var ledger: String?
    /// Where sessions listen.
    public var listen = "0.0.0.0:0"
    /// Whether they look, and can be found, in BitTorrent's DHT.
    public var dht = true
    /// The web address that tappable links begin with, and languages in the person's order.
    public var host: String?
    public var languages: [String]

    public init(
        filming: any Filming, screening: any Screening, reports: any DeviceReporting,
        permissions: any Permitting, nearby: any Nearby, vault: any Keeping, drawer: any Keeping,
        ledger: String?, host: String?, languages: [String]
    ) {
        (self.filming, self.screening, self.reports) = (filming, screening, reports)
        (self.permissions, self.nearby) = (permissions, nearby)
        (self.vault, self.drawer) = (vault, drawer)
        (self.ledger, self.host, self.languages) = (ledger, host, languages)
    }
}
