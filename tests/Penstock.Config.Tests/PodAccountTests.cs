// SPDX-License-Identifier: Apache-2.0
using Penstock.Config.Reading;
using Penstock.Model.L7;
using Penstock.Tests;

namespace Penstock.Config.Tests;

public sealed class PodAccountTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("penstock-pod-").FullName;
    private readonly TestAuthority _authority;

    public PodAccountTests() => _authority = new TestAuthority(_folder);

    public void Dispose()
    {
        _authority.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData("10.96.0.1", "443", "https://10.96.0.1/")]
    [InlineData("fd00:10:96::1", "6443", "https://[fd00:10:96::1]:6443/")]
    public void Account_AsKubeletLaysIt_IsTaken(string host, string port, string server)
    {
        var token = Write("token", "abc.def\n");

        var (access, faults) = Read(host, port);

        faults.ShouldBeEmpty();
        access.ShouldBe(new KubernetesAccess(new Uri(server)) { Authorities = File.ReadAllText(_authority.CaFile), AuthoritiesFrom = _authority.CaFile, TokenFile = token });
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData("", "443")]
    [InlineData("10.96.0.1", null)]
    [InlineData("10.96.0.1", "0")]
    [InlineData("10.96.0.1", "65536")]
    public void Environment_OfNoPod_IsAFault(string? host, string? port)
    {
        Write("token", "abc.def\n");

        var (access, faults) = Read(host, port);

        access.ShouldBeNull();
        faults.ShouldBe(["no kubeconfig, and this is no pod of Kubernetes: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set"]);
    }

    [Theory]
    [InlineData("ca.crt", "ca.crt: cannot open the file: No such file or directory")]
    [InlineData("token", "token: cannot open the file: No such file or directory")]
    public void Account_WithoutAFile_IsAFault(string missing, string fault)
    {
        Write("token", "abc.def\n");
        File.Delete(Path.Combine(_folder, missing));

        var (access, faults) = Read("10.96.0.1", "443");

        access.ShouldBeNull();
        faults.ShouldHaveSingleItem().ShouldEndWith(fault);
    }

    private (KubernetesAccess? Access, List<string> Faults) Read(string? host, string? port)
    {
        var faults = new List<string>();
        var access = PodAccount.Read(faults, _folder, name => name switch
        {
            "KUBERNETES_SERVICE_HOST" => host,
            "KUBERNETES_SERVICE_PORT" => port,
            _ => null,
        });
        return (access, faults);
    }

    private string Write(string name, string text)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        return path;
    }
}
