// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Discovery.Tests.Kubernetes;

/// <summary>Objects as API servers write them, with VERSION in place of their resourceVersion.</summary>
internal static class Recorded
{
    public const string Slices = "endpointslices";
    public const string Services = "services";
    public const string Nodes = "nodes";

    public static string Slice(string name, params string[] endpoints) => SliceOf(name, "IPv4", """[{"name":"http2","protocol":"TCP","port":8080},{"name":"dns","protocol":"UDP","port":5353}]""", endpoints);

    public static string SliceOf(string name, string type, string ports, params string[] endpoints) =>
        $$$"""
        {"metadata":{"name":"{{{name}}}","generateName":"istio-ingressgateway-","namespace":"istio-system","uid":"a3f0","resourceVersion":"VERSION","generation":3,"creationTimestamp":"2026-11-01T10:00:00Z","labels":{"endpointslice.kubernetes.io/managed-by":"endpointslice-controller.k8s.io","kubernetes.io/service-name":"istio-ingressgateway"},"annotations":{"endpoints.kubernetes.io/last-change-trigger-time":"2026-11-01T10:00:00Z"},"ownerReferences":[{"apiVersion":"v1","kind":"Service","name":"istio-ingressgateway","uid":"77","controller":true,"blockOwnerDeletion":true}],"managedFields":[{"manager":"kube-controller-manager","operation":"Update","fieldsType":"FieldsV1","fieldsV1":{"f:addressType":{},"f:endpoints":{},"f:ports":{} }}]},"addressType":"{{{type}}}","endpoints":[{{{string.Join(',', endpoints)}}}],"ports":{{{ports}}}}
        """.Trim();

    public static string Pod(string address, bool ready = true, bool serving = true, string zone = "a", string node = "n1") =>
        $$$"""{"addresses":["{{{address}}}"],"conditions":{"ready":{{{Flag(ready)}}},"serving":{{{Flag(serving)}}},"terminating":{{{Flag(!ready)}}}},"targetRef":{"kind":"Pod","namespace":"istio-system","name":"gw-{{{address}}}","uid":"12"},"nodeName":"{{{node}}}","zone":"{{{zone}}}"}""";

    public static string OldPod(string address, string zone) =>
        $$$"""{"addresses":["{{{address}}}"],"conditions":{"ready":true},"targetRef":{"kind":"Pod","name":"gw"},"topology":{"kubernetes.io/hostname":"n1","topology.kubernetes.io/zone":"{{{zone}}}"}}""";

    public static string Service(string policy, int nodePort = 30080, string families = "") =>
        $$$"""{"metadata":{"name":"istio-ingressgateway","namespace":"istio-system","resourceVersion":"VERSION"},"spec":{"ports":[{"name":"status-port","protocol":"TCP","port":15021,"targetPort":15021,"nodePort":30021},{"name":"http2","protocol":"TCP","port":80,"targetPort":8080,"nodePort":{{{nodePort}}}}],"selector":{"istio":"ingressgateway"},"type":"LoadBalancer",{{{families}}}"externalTrafficPolicy":"{{{policy}}}"},"status":{"loadBalancer":{} }}""";

    public static string Node(string name, string address, bool ready = true, string labels = "", string taints = "[]", bool cordoned = false, string more = "") =>
        $$$"""{"metadata":{"name":"{{{name}}}","resourceVersion":"VERSION","labels":{"topology.kubernetes.io/zone":"a"{{{labels}}}}},"spec":{"podCIDR":"10.244.0.0/24","unschedulable":{{{Flag(cordoned)}}},"taints":{{{taints}}}},"status":{"addresses":[{"type":"Hostname","address":"{{{name}}}"},{"type":"InternalIP","address":"{{{address}}}"},{{{more}}}{"type":"ExternalIP","address":"203.0.113.9"}],"conditions":[{"type":"MemoryPressure","status":"False"},{"type":"Ready","status":"{{{(ready ? "True" : "Unknown")}}}"}],"images":[{"names":["a"],"sizeBytes":1}]}}""";

    public static string Bookmark(int version) =>
        $$$"""{"type":"BOOKMARK","object":{"kind":"EndpointSlice","apiVersion":"discovery.k8s.io/v1","metadata":{"resourceVersion":"{{{version}}}","creationTimestamp":null},"addressType":"","endpoints":null,"ports":null}}""" + "\n";

    public const string Expired =
        """{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"too old resource version: 100 (2000)","reason":"Expired","code":410}}""" + "\n";

    private static string Flag(bool value) => value ? "true" : "false";
}
