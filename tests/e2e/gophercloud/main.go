// A program as people write it on gophercloud: each step fails the run with a sentence.
package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net/url"
	"os"
	"slices"
	"time"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack"
	"github.com/gophercloud/gophercloud/v2/openstack/image/v2/imagedata"
	"github.com/gophercloud/gophercloud/v2/openstack/image/v2/images"
	"github.com/gophercloud/gophercloud/v2/openstack/image/v2/members"
	"github.com/gophercloud/gophercloud/v2/pagination"
)

const oddID = "ABCDEF00-1234-4ABC-9DEF-0123456789AB" // Terraform replaces an image whose id comes back otherwise

// with adds parameters to those that images.ListOpts sends: free properties, and sizes, which it holds and leaves out.
type with struct {
	images.ListOpts
	more url.Values
}

func (w with) ToImageListQuery() (string, error) {
	query, err := w.ListOpts.ToImageListQuery()
	return query + "&" + w.more.Encode(), err
}

// person is somebody with a token for a project.
type person struct {
	images  *gophercloud.ServiceClient
	project string
}

func must[T any](what string) func(T, error) T {
	return func(found T, err error) T {
		if err != nil {
			log.Fatalf("%s: %v", what, err)
		}
		return found
	}
}

func expect(holds bool, what string, found any) {
	if !holds {
		log.Fatalf("%s, not %v", what, found)
	}
}

func signIn(ctx context.Context, name string) person {
	provider := must[*gophercloud.ProviderClient]("sign in")(openstack.AuthenticatedClient(ctx, gophercloud.AuthOptions{
		IdentityEndpoint: os.Getenv("OS_AUTH_URL"),
		Username:         name,
		Password:         os.Getenv("OS_PASSWORD_" + name),
		DomainName:       "Default",
		TenantName:       name,
	}))
	client := must[*gophercloud.ServiceClient]("find the service")(
		openstack.NewImageV2(provider, gophercloud.EndpointOpts{Region: os.Getenv("OS_REGION_NAME")}))
	return person{client, os.Getenv("PROJECT_" + name)}
}

func (p person) list(ctx context.Context, opts images.ListOptsBuilder) []images.Image {
	pages, err := images.List(p.images, opts).AllPages(ctx)
	if err != nil {
		log.Fatalf("list %+v: %v", opts, err)
	}
	return must[[]images.Image]("read the list")(images.ExtractImages(pages))
}

func (p person) make(ctx context.Context, id, name string, content []byte) *images.Image {
	made := must[*images.Image]("create")(images.Create(ctx, p.images, images.CreateOpts{
		ID: id, Name: name, DiskFormat: "raw", ContainerFormat: "bare", Tags: []string{"golden", "with/slash"},
		Properties: map[string]string{"os_distro": "debian", "hw_machine_type": "q35", "empty": ""},
	}).Extract())
	if err := imagedata.Upload(ctx, p.images, made.ID, bytes.NewReader(content)).ExtractErr(); err != nil {
		log.Fatalf("upload: %v", err)
	}
	for {
		found := must[*images.Image]("show")(images.Get(ctx, p.images, made.ID).Extract())
		if found.Status == images.ImageStatusActive {
			return found
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	ada, bob := signIn(ctx, "ada"), signIn(ctx, "bob")
	older := change(ctx, ada)
	newer := ada.make(ctx, "", "reg:5000/go", []byte("gopher"))
	find(ctx, ada, older, newer)
	share(ctx, ada, bob, older)
	for _, one := range []string{older.ID, newer.ID} {
		if err := images.Delete(ctx, ada.images, one).ExtractErr(); err != nil {
			log.Fatalf("delete: %v", err)
		}
	}
	_, err := images.Get(ctx, ada.images, older.ID).Extract()
	expect(gophercloud.ResponseCodeIs(err, 404), "what was deleted is not there", err)
	expect(len(ada.list(ctx, images.ListOpts{})) == 0, "nothing is left", "more")
	fmt.Println("all steps went well")
}

// change makes an image, compares its data, and changes it.
func change(ctx context.Context, ada person) *images.Image {
	content := bytes.Repeat([]byte("gopher"), 100_000)
	made := ada.make(ctx, oddID, "reg:5000/go", content)
	expect(made.ID == oddID, "the id is as it was given", made.ID)
	expect(made.Properties["os_distro"] == "debian", "the property comes back", made.Properties)
	expect(made.Properties["empty"] == "", "an empty text comes back", made.Properties)
	expect(made.SizeBytes == int64(len(content)), "the size is that of the data", made.SizeBytes)
	body := must[io.ReadCloser]("download")(imagedata.Download(ctx, ada.images, made.ID).Extract())
	back := must[[]byte]("read the data")(io.ReadAll(body))
	expect(bytes.Equal(back, content), "the data comes back", len(back))

	changed := must[*images.Image]("update")(images.Update(ctx, ada.images, made.ID, images.UpdateOpts{
		images.ReplaceImageTags{NewTags: []string{"silver", "with:colon"}},
		images.ReplaceImageMinRam{NewMinRam: 512},
		images.ReplaceImageMinDisk{NewMinDisk: 1},
		images.ReplaceImageProtected{NewProtected: true},
		images.UpdateImageProperty{Op: images.AddOp, Name: "os_version", Value: "13"},
		images.UpdateImageProperty{Op: images.ReplaceOp, Name: "os_distro", Value: "ubuntu"},
		images.UpdateImageProperty{Op: images.RemoveOp, Name: "hw_machine_type"},
	}).Extract())
	slices.Sort(changed.Tags)
	expect(slices.Equal(changed.Tags, []string{"silver", "with:colon"}), "tags are replaced", changed.Tags)
	expect(changed.MinRAMMegabytes == 512 && changed.MinDiskGigabytes == 1, "memory and disk are replaced", changed)
	_, stays := changed.Properties["hw_machine_type"]
	expect(!stays && changed.Properties["os_distro"] == "ubuntu" && changed.Properties["os_version"] == "13",
		"properties are added, replaced and removed", changed.Properties)
	err := images.Delete(ctx, ada.images, made.ID).ExtractErr()
	expect(gophercloud.ResponseCodeIs(err, 403), "a protected image stays", err)
	return must[*images.Image]("unprotect")(images.Update(ctx, ada.images, made.ID, images.UpdateOpts{
		images.ReplaceImageProtected{NewProtected: false}, images.ReplaceImageHidden{NewHidden: false},
	}).Extract())
}

// find lists with every kind of filter; each but the first finds the older image alone.
func find(ctx context.Context, ada person, older, newer *images.Image) {
	named := images.ListOpts{Name: older.Name}
	found := ada.list(ctx, images.ListOpts{Name: older.Name, Sort: "created_at:desc", Limit: 1})
	expect(len(found) == 2 && found[0].ID == newer.ID, "the most recent comes first, over pages of one", found)
	for what, opts := range map[string]images.ListOptsBuilder{
		"a tag":        images.ListOpts{Tags: []string{"silver"}},
		"two tags":     images.ListOpts{Tags: []string{"silver", "with:colon"}},
		"a status":     images.ListOpts{Status: images.ImageStatusActive, Tags: []string{"with:colon"}},
		"a visibility": images.ListOpts{Visibility: images.ImageVisibilityShared, Owner: ada.project, Tags: []string{"silver"}},
		"formats":      images.ListOpts{DiskFormat: "in:raw,qcow2", ContainerFormat: "bare", Tags: []string{"silver"}},
		"an id":        images.ListOpts{ID: older.ID},
		"several ids":  images.ListOpts{ID: "in:" + older.ID + ",00000000-0000-4000-8000-000000000000"},
		"a time": images.ListOpts{Tags: []string{"silver"},
			CreatedAtQuery: &images.ImageDateQuery{Date: older.CreatedAt, Filter: images.FilterGTE},
			UpdatedAtQuery: &images.ImageDateQuery{Date: older.UpdatedAt, Filter: images.FilterLTE}},
		"a size":      with{named, url.Values{"size_min": {"1000"}, "size_max": {"600000"}}},
		"a property":  with{named, url.Values{"os_distro": {"ubuntu"}}},
		"old sorting": images.ListOpts{SortKey: "name", SortDir: "asc", Tags: []string{"silver"}},
	} {
		found = ada.list(ctx, opts)
		expect(len(found) == 1 && found[0].ID == older.ID, "by "+what+" there is one", found)
	}
}

// share lets bob use ada's image, and takes it back.
func share(ctx context.Context, ada, bob person, image *images.Image) {
	must[*members.Member]("share")(members.Create(ctx, ada.images, image.ID, bob.project).Extract())
	pages, err := members.List(ada.images, image.ID).AllPages(ctx)
	known := must[[]members.Member]("list members")(members.ExtractMembers(must[pagination.Page]("list members")(pages, err)))
	expect(len(known) == 1 && known[0].MemberID == bob.project && known[0].Status == "pending", "who is asked is listed", known)
	must[*members.Member]("accept")(members.Update(ctx, bob.images, image.ID, bob.project, members.UpdateOpts{Status: "accepted"}).Extract())
	accepted := must[*members.Member]("show a member")(members.Get(ctx, ada.images, image.ID, bob.project).Extract())
	expect(accepted.Status == "accepted", "the owner sees that it was accepted", accepted)
	found := bob.list(ctx, images.ListOpts{Visibility: images.ImageVisibilityShared, MemberStatus: images.ImageMemberStatusAccepted})
	expect(len(found) == 1 && found[0].ID == image.ID, "what was accepted is listed", found)
	err = images.Delete(ctx, bob.images, image.ID).ExtractErr()
	expect(gophercloud.ResponseCodeIs(err, 403), "a member may not delete", err)
	if err := members.Delete(ctx, ada.images, image.ID, bob.project).ExtractErr(); err != nil {
		log.Fatalf("stop sharing: %v", err)
	}
	_, err = images.Get(ctx, bob.images, image.ID).Extract()
	expect(gophercloud.ResponseCodeIs(err, 404), "what is not shared any more is not there", err)
}
