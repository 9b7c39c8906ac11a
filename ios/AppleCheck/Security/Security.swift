// Stands in for Security's key chain.
@_exported import CoreMedia

public let errSecSuccess: OSStatus = 0
public let errSecItemNotFound: OSStatus = -25300
nonisolated(unsafe) public let kSecClass: CFString = stub()
nonisolated(unsafe) public let kSecClassGenericPassword: CFString = stub()
nonisolated(unsafe) public let kSecAttrService: CFString = stub()
nonisolated(unsafe) public let kSecAttrAccount: CFString = stub()
nonisolated(unsafe) public let kSecAttrAccessible: CFString = stub()
nonisolated(unsafe) public let kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly: CFString = stub()
nonisolated(unsafe) public let kSecValueData: CFString = stub()
nonisolated(unsafe) public let kSecReturnData: CFString = stub()
public func SecItemCopyMatching(
    _ query: CFDictionary, _ result: UnsafeMutablePointer<CFTypeRef?>?
) -> OSStatus { stub() }
public func SecItemAdd(
    _ attributes: CFDictionary, _ result: UnsafeMutablePointer<CFTypeRef?>?
) -> OSStatus { stub() }
public func SecItemDelete(_ query: CFDictionary) -> OSStatus { stub() }
