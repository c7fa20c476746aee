// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L7.Errors;

/// <summary>What is said and done about one <see cref="ProxyError"/>.</summary>
/// <param name="Token">Its name in the access log and in metrics, unique: the details if there are any, else the RFC 9209 type.</param>
/// <param name="Type">Its type in RFC 9209 section 2.3, the <c>error</c> parameter of Proxy-Status.</param>
/// <param name="Details">The <c>details</c> parameter of Proxy-Status, where the type alone says too little; null: none.</param>
/// <param name="Status">Status code of the response; 0: none can be sent, the connection is closed.</param>
/// <param name="Fault">Whose fault it is.</param>
/// <param name="Meaning">What happened, for people.</param>
internal sealed record ProxyErrorInfo(string Token, string Type, string? Details, int Status, Fault Fault, string Meaning);
